//! `/statements/{code}`: what a performer earned, for whoever has the link.

use crate::form::{percent, row};
use crate::pay::looked_up;
use crate::refusal::Answer;
use crate::show_view::ShowView;
use crate::visit::{Visit, file};
use crate::{ShowCard, Site, not_here};
use askama::Template;
use axum::extract::{Path, State};
use palco_base::Fault;
use palco_boxoffice::{Money, Share, ShareLine, Statement};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "statement.html")]
struct StatementPage<'a> {
    p: &'a Visit,
    s: ShowView<'a>,
    it: &'a Statement,
    share: &'a Share,
    line: ShareLine,
    code: &'a str,
}

impl StatementPage<'_> {
    fn money(&self, minor: &i64) -> String {
        Money::new(*minor, self.it.currency).to_string()
    }

    fn full(&self, minor: &i64) -> String {
        Money::new(*minor, self.it.currency).full()
    }

    fn percent(&self) -> String {
        format!("{} %", percent(self.line.basis_points))
    }
}

async fn found(site: &Site, p: &Visit, code: &str) -> Result<(Statement, Share, Arc<ShowCard>), Fault> {
    looked_up(site, p, code, site.office.statement_of(code)).await
}

fn line_of(it: &Statement, share: &Share) -> Result<ShareLine, Fault> {
    it.shares.iter().find(|line| line.share == share.id).cloned().ok_or_else(not_here)
}

pub(crate) async fn statement(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let (it, share, card) = found(&site, &p, &code).await?;
    let line = line_of(&it, &share)?;
    let s = ShowView::new(&p, &card);
    Ok(p.page(&StatementPage { p: &p, s, it: &it, share: &share, line, code: &code })?)
}

pub(crate) async fn csv(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let (it, share, card) = found(&site, &p, &code).await?;
    let line = line_of(&it, &share)?;
    let digits = |minor| Money::new(minor, it.currency).digits();
    let mut text = row(&["", it.currency.code()]);
    text += &row(&[&card.show.title, &share.name]);
    for (word, minor) in [
        (p.w.gross, it.gross),
        (p.w.refunds, it.refunds),
        (p.w.fees_house, it.fees),
        (p.w.tax_state, it.tax),
        (p.w.net, it.net),
        (p.w.earned, line.earned),
        (p.w.paid_out, line.paid_out),
        (p.w.due, line.due()),
    ] {
        text += &row(&[word, &digits(minor)]);
    }
    Ok(file("text/csv; charset=utf-8", &format!("{}-statement.csv", card.show.slug), text))
}

pub(crate) async fn pdf(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let (it, share, card) = found(&site, &p, &code).await?;
    let bytes = site.office.statement_pdf(it.show, Some(share.id), p.lang).await?;
    Ok(file("application/pdf", &format!("{}-statement.pdf", card.show.slug), bytes))
}
