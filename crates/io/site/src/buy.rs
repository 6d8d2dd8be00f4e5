//! `/shows/{slug}/buy`: one form, its total always visible.

use crate::form::Form;
use crate::refusal::{Answer, Refused};
use crate::show::public_card;
use crate::show_view::ShowView;
use crate::visit::{Visit, see_elsewhere, see_other};
use crate::words::fault_words;
use crate::{NextStep, ShowCard, Site};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use palco_base::Fault;
use palco_boxoffice::{
    BuyRequest, Buyer, Line, Listing, Money, Provider, Quote, TicketKind, Wanted, clean_email,
};

/// A field of the form that somebody has to look at.
pub(crate) struct Trouble {
    /// Its id on the page.
    pub(crate) field: String,
    /// What is wrong, and what to do.
    pub(crate) text: String,
}

impl Trouble {
    pub(crate) fn new(p: &Visit, field: impl Into<String>, fault: &Fault) -> Self {
        let (text, hint) = fault_words(fault, p.lang);
        Self { field: field.into(), text: hint.map_or(text.clone(), |hint| format!("{text} {hint}")) }
    }
}

/// One way to pay.
struct Way {
    name: &'static str,
    word: &'static str,
    text: &'static str,
    chosen: bool,
}

/// A kind with what was typed for it.
struct Row<'a> {
    kind: &'a TicketKind,
    id: String,
    price: String,
    left: Option<String>,
    gone: bool,
    quantity: String,
    unit: String,
}

/// The lines of the bill, and what they add up to.
#[derive(Template)]
#[template(path = "quote.html")]
struct Bill<'a> {
    p: &'a Visit,
    listing: &'a Listing,
    lines: Vec<Line>,
    quote: Option<Quote>,
    promo: Option<String>,
}

impl Bill<'_> {
    fn money(&self, minor: &i64) -> String {
        Money::new(*minor, self.listing.currency).to_string()
    }

    fn line(&self, line: &Line) -> String {
        self.money(&line.unit.saturating_mul(i64::from(line.quantity)))
    }

    fn total(&self) -> String {
        Money::new(self.quote.map_or(0, |quote| quote.total), self.listing.currency).full()
    }
}

#[derive(Template)]
#[template(path = "buy.html")]
struct BuyPage<'a> {
    p: &'a Visit,
    s: ShowView<'a>,
    rows: Vec<Row<'a>>,
    ways: Vec<Way>,
    troubles: Vec<Trouble>,
    form: &'a Form,
    once: String,
    bill: Bill<'a>,
    free: bool,
}

impl BuyPage<'_> {
    fn trouble(&self, field: &str) -> Option<&str> {
        self.troubles.iter().find(|it| it.field == field).map(|it| it.text.as_str())
    }

    fn trouble_at(&self, what: &str, id: &str) -> Option<&str> {
        self.trouble(&format!("{what}-{id}"))
    }
}

pub(crate) async fn form(State(site): State<Site>, p: Visit, Path(slug): Path<String>) -> Answer {
    let card = public_card(&site, &slug)?;
    let first =
        ShowView::new(&p, &card).kinds().into_iter().find(|kind| kind.left() != Some(0)).map(|it| it.id);
    let mut form = Form::default();
    if let Some(first) = first {
        form = form.with(&format!("n-{first}"), "1");
    }
    if let Some(promo) = p.asked("promo") {
        form = form.with("promo", &promo);
    }
    let (request, _) = read(&p, &card, &form, &site.office.providers());
    site.limits.quote.knock(p.from())?;
    let quoted = site.office.quote(card.show.id, &request, promo_of(&form)).await;
    let troubles = match &quoted {
        Err(fault) if !form.get("promo").is_empty() => vec![Trouble::new(&p, "promo", fault)],
        _ => Vec::new(),
    };
    render(&site, &p, &card, &form, quoted.ok(), troubles, StatusCode::OK)
}

pub(crate) async fn buy(
    State(site): State<Site>,
    p: Visit,
    Path(slug): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Answer {
    let card = public_card(&site, &slug)?;
    let (request, mut troubles) = read(&p, &card, &form, &site.office.providers());
    let quoting = form.has("apply");
    site.limits.misses.free(p.from())?;
    if quoting { &site.limits.quote } else { &site.limits.buy }.knock(p.from())?;
    let promo = promo_of(&form);
    let mut quoted = site.office.quote(card.show.id, &request, promo).await;
    if let Err(fault) = &quoted {
        let field = field_of(fault, &request);
        if field == "promo" {
            site.limits.misses.knock(p.from())?;
        }
        // The last seats may be held by this very form, sent before: the till knows it again.
        let known = matches!(fault.code, "sold_out" | "not_enough_seats" | "promo_used_up");
        let told = if quoting { field == "promo" || fault.code != "nothing_wanted" } else { !known };
        if told {
            troubles.insert(0, Trouble::new(&p, field.clone(), fault));
        }
        if field == "promo" {
            // The rest of the bill is still true.
            quoted = site.office.quote(card.show.id, &request, None).await;
        }
    }
    if quoting {
        // Who is not done yet is not told what is missing.
        troubles.retain(|it| it.field != "email" && it.field != "provider");
        if headers.get("palco-part").is_some_and(|part| part == "quote") {
            return part(&p, &card, &form, quoted.ok(), &troubles);
        }
        return render(&site, &p, &card, &form, quoted.ok(), troubles, StatusCode::OK);
    }
    let once = form.get("once").to_owned();
    let mut form = form.clone();
    if troubles.is_empty() {
        let email = clean_email(&request.buyer.email);
        match (
            email,
            quoted.as_ref().is_ok_and(|(_, quote)| quote.total > 0) && request.provider == Provider::Free,
        ) {
            (Err(fault), _) => troubles.push(Trouble::new(&p, "email", &fault)),
            (_, true) => troubles.push(Trouble::new(&p, "provider", &no_provider())),
            _ => match site.office.buy(card.show.id, request.clone(), promo, &once).await {
                Ok(next) => return Ok(go(&next)),
                Err(fault) => {
                    troubles.push(Trouble::new(&p, field_of(&fault, &request), &fault));
                    // What came of this form is over: the next try is another order.
                    form = form.with("once", "");
                }
            },
        }
    }
    render(&site, &p, &card, &form, quoted.ok(), troubles, StatusCode::UNPROCESSABLE_ENTITY)
}

fn no_provider() -> Fault {
    Fault::invalid("provider_missing", "Choose how to pay.")
}

/// To where a buyer goes on.
fn go(next: &NextStep) -> Response {
    match next {
        NextStep::Order(code) => see_other(&format!("/orders/{}", code.reveal())),
        NextStep::Demo(code) => see_other(&format!("/pay/demo/{}", code.reveal())),
        NextStep::Elsewhere(url) => see_elsewhere(url),
    }
}

fn promo_of(form: &Form) -> Option<&str> {
    Some(form.get("promo").trim()).filter(|promo| !promo.is_empty())
}

/// The field a fault is about.
fn field_of(fault: &Fault, request: &BuyRequest) -> String {
    match fault.code {
        code if code.starts_with("promo") => "promo".to_owned(),
        "email_broken" => "email".to_owned(),
        "text_too_long" | "text_missing" => "name".to_owned(),
        "payment_unavailable" | "provider_missing" => "provider".to_owned(),
        code if code.starts_with("amount") => {
            let chosen = request.wanted.iter().find(|it| it.unit.is_some());
            chosen.map_or_else(|| "kinds".to_owned(), |it| format!("u-{}", it.kind))
        }
        _ => "kinds".to_owned(),
    }
}

/// What the form asks for, and what of it cannot be read.
fn read(p: &Visit, card: &ShowCard, form: &Form, providers: &[Provider]) -> (BuyRequest, Vec<Trouble>) {
    let mut troubles = Vec::new();
    let mut wanted = Vec::new();
    for kind in &card.kinds {
        let (n, u) = (format!("n-{}", kind.id), format!("u-{}", kind.id));
        let quantity = form.number(&n, 1_000).unwrap_or_else(|_| {
            let fault = Fault::invalid("quantity_broken", "Write how many tickets as a number.");
            troubles.push(Trouble::new(p, &n, &fault));
            0
        });
        let mut unit = None;
        let currency = card.listing.as_ref().map(|listing| listing.currency);
        if let Some(currency) = currency.filter(|_| kind.pay_what_you_want && !form.get(&u).trim().is_empty())
        {
            match currency.read(form.get(&u)) {
                Ok(minor) => unit = Some(minor),
                Err(fault) => troubles.push(Trouble::new(p, &u, &fault)),
            }
        }
        wanted.push(Wanted { kind: kind.id, quantity, unit });
    }
    let chosen = Provider::named(form.get("provider")).filter(|it| providers.contains(it));
    let provider = chosen.or_else(|| providers.first().copied().filter(|_| providers.len() == 1));
    let name: String = form.get("name").trim().chars().take(120).collect();
    let buyer = Buyer { email: form.get("email").trim().to_owned(), name, lang: p.lang };
    (BuyRequest { wanted, buyer, provider: provider.unwrap_or(Provider::Free), by_staff: false }, troubles)
}

fn part(
    p: &Visit,
    card: &ShowCard,
    form: &Form,
    quoted: Option<(Vec<Line>, Quote)>,
    troubles: &[Trouble],
) -> Answer {
    let listing = card.listing.as_ref().ok_or_else(crate::not_here)?;
    let mut bill = bill(p, listing, form, quoted);
    if troubles.iter().any(|it| it.field == "promo") {
        bill.promo = None;
    }
    Ok(p.page(&bill)?)
}

fn bill<'a>(p: &'a Visit, listing: &'a Listing, form: &Form, quoted: Option<(Vec<Line>, Quote)>) -> Bill<'a> {
    let (lines, quote) = quoted.map_or((Vec::new(), None), |(lines, quote)| (lines, Some(quote)));
    let promo = promo_of(form).map(|code| {
        let code = code.to_uppercase();
        match quote.filter(|quote| quote.discount > 0) {
            Some(quote) => {
                let amount = quote.money(quote.discount).to_string();
                crate::words::fill(p.w.promo_applied, &[("code", &code), ("amount", &amount)])
            }
            None => p.fill(p.w.promo_nothing, "code", code),
        }
    });
    let promo = promo.filter(|_| quote.is_some());
    Bill { p, listing, lines, quote, promo }
}

fn render<'a>(
    site: &Site,
    p: &'a Visit,
    card: &'a ShowCard,
    form: &'a Form,
    quoted: Option<(Vec<Line>, Quote)>,
    troubles: Vec<Trouble>,
    code: StatusCode,
) -> Answer {
    let s = ShowView::new(p, card);
    let listing = card.listing.as_ref().ok_or_else(crate::not_here)?;
    if !s.for_sale() && troubles.is_empty() {
        return Ok(see_other(&s.href()));
    }
    let row = |kind: &'a TicketKind| Row {
        kind,
        id: kind.id.to_string(),
        price: s.price_of(kind),
        left: s.kind_left(kind),
        gone: kind.left() == Some(0),
        quantity: form.get(&format!("n-{}", kind.id)).to_owned(),
        unit: form.get(&format!("u-{}", kind.id)).to_owned(),
    };
    let rows = s.kinds().into_iter().map(row).collect();
    let mut bill = bill(p, listing, form, quoted);
    if troubles.iter().any(|it| it.field == "promo") {
        bill.promo = None;
    }
    let once = Some(form.get("once")).filter(|once| (16..=64).contains(&once.len()));
    let page = BuyPage {
        p,
        rows,
        ways: ways(p, listing, &site.office.providers(), form),
        free: bill.quote.is_some_and(|quote| quote.total == 0),
        bill,
        troubles,
        form,
        once: match once {
            Some(once) => once.to_owned(),
            None => random()?,
        },
        s,
    };
    Ok(p.page_with(code, &page)?)
}

fn ways(p: &Visit, listing: &Listing, providers: &[Provider], form: &Form) -> Vec<Way> {
    let chosen = Provider::named(form.get("provider")).or_else(|| providers.first().copied());
    let way = |provider: &Provider| {
        let (word, text) = match provider {
            Provider::Demo => (p.w.demo, p.w.demo_text),
            Provider::Stripe if listing.currency.code() == "MXN" => (p.w.stripe_oxxo, p.w.stripe_text),
            Provider::Stripe => (p.w.stripe, p.w.stripe_text),
            Provider::Manual | Provider::Free => return None,
        };
        Some(Way { name: provider.name(), word, text, chosen: Some(*provider) == chosen })
    };
    providers.iter().filter_map(way).collect()
}

/// 128 random bits, as text.
fn random() -> Result<String, Refused> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| {
        Fault::new(palco_base::Class::Internal, "random_missing", "This page could not be drawn.")
            .internal(error)
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}
