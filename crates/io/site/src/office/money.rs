//! What a show earned, whose it is, and what of it was handed over.

use super::{Signed, Typed, card, id};
use crate::form::{Form, percent, row};
use crate::guard::{Act, allow};
use crate::refusal::Answer;
use crate::show_view::ShowView;
use crate::visit::{Visit, file, see_other};
use crate::{ShowCard, Site, Staff, not_here};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use palco_boxoffice::{Money, ShareLine, Statement};

#[derive(Template)]
#[template(path = "office/statement.html")]
struct StatementPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    s: ShowView<'a>,
    it: &'a Statement,
    t: Typed,
    tab: &'static str,
}

impl StatementPage<'_> {
    fn money(&self, minor: &i64) -> String {
        Money::new(*minor, self.it.currency).to_string()
    }

    fn full(&self, minor: &i64) -> String {
        Money::new(*minor, self.it.currency).full()
    }

    fn percent(&self, line: &ShareLine) -> String {
        format!("{} %", percent(line.basis_points))
    }

    fn digits(&self, minor: &i64) -> String {
        Money::new((*minor).max(0), self.it.currency).digits()
    }
}

async fn statement_with(site: &Site, p: &Visit, staff: &Staff, card: &ShowCard, t: Typed) -> Answer {
    card.listing.as_ref().ok_or_else(not_here)?;
    let it = site.office.statement(card.show.id).await?;
    let status = if t.troubles.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = StatementPage { p, staff, s: ShowView::new(p, card), it: &it, t, tab: "statement" };
    Ok(p.page_with(status, &page)?)
}

pub(crate) async fn statement(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Statement)?;
    let card = card(&site, &slug)?;
    statement_with(&site, &p, &staff, &card, Typed::default()).await
}

/// The statement as a table for a spreadsheet.
fn table(p: &Visit, it: &Statement) -> String {
    let digits = |minor| Money::new(minor, it.currency).digits();
    let mut text = row(&["", it.currency.code()]);
    for (word, minor) in [
        (p.w.gross, it.gross),
        (p.w.refunds, it.refunds),
        (p.w.fees_house, it.fees),
        (p.w.tax_state, it.tax),
        (p.w.net, it.net),
        (p.o.house, it.house),
    ] {
        text += &row(&[word, &digits(minor)]);
    }
    text += "\r\n";
    text += &row(&[p.o.kind, p.o.sold, p.o.returned, p.o.amount]);
    for kind in &it.kinds {
        text += &row(&[&kind.name, &kind.sold.to_string(), &kind.refunded.to_string(), &digits(kind.gross)]);
    }
    text += "\r\n";
    text += &row(&[p.o.performer, "%", p.o.earned, p.o.paid_out, p.o.due]);
    for share in &it.shares {
        let points = percent(share.basis_points);
        text += &row(&[
            &share.name,
            &points,
            &digits(share.earned),
            &digits(share.paid_out),
            &digits(share.due()),
        ]);
    }
    text
}

pub(crate) async fn csv(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Statement)?;
    let it = site.office.statement(card(&site, &slug)?.show.id).await?;
    Ok(file("text/csv; charset=utf-8", &format!("{slug}-statement.csv"), table(&p, &it)))
}

pub(crate) async fn pdf(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Statement)?;
    let bytes = site.office.statement_pdf(card(&site, &slug)?.show.id, None, p.lang).await?;
    Ok(file("application/pdf", &format!("{slug}-statement.pdf"), bytes))
}

pub(crate) async fn settle(
    State(site): State<Site>,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Settle)?;
    site.office.settle(&staff, card(&site, &slug)?.show.id).await?;
    Ok(see_other(&format!("/office/shows/{slug}/statement")))
}

pub(crate) async fn pay_out(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Settle)?;
    let card = card(&site, &slug)?;
    let currency = card.listing.as_ref().ok_or_else(not_here)?.currency;
    let share = id(form.get("share"))?;
    let paid = match currency.read(form.get("amount")) {
        Ok(minor) => site.office.pay_out(&staff, card.show.id, share, Money::new(minor, currency)).await,
        Err(fault) => Err(fault),
    };
    match paid {
        Ok(()) => Ok(see_other(&format!("/office/shows/{slug}/statement"))),
        Err(fault) => {
            let field = format!("amount-{share}");
            let t = Typed::wrong(&p, form, &field, &fault);
            statement_with(&site, &p, &staff, &card, t).await
        }
    }
}
