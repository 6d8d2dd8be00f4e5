//! What is on the shelf: kinds of ticket, promo codes, and whose the revenue is.

use super::{Signed, Typed, card, id, random_bits};
use crate::form::{Form, percent};
use crate::guard::{Act, allow};
use crate::refusal::Answer;
use crate::show_view::ShowView;
use crate::visit::{Visit, see_other};
use crate::when::{When, local, read_local};
use crate::{ShowCard, Site, Staff, not_here};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use palco_base::{Fault, KindId, PromoId, Secret, ShareId};
use palco_boxoffice::{Discount, Listing, Money, Promo, Share, TicketKind};

#[derive(Template)]
#[template(path = "office/kinds.html")]
struct KindsPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    s: ShowView<'a>,
    t: Typed,
    tab: &'static str,
}

#[derive(Template)]
#[template(path = "office/promos.html")]
struct PromosPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    s: ShowView<'a>,
    promos: Vec<Promo>,
    t: Typed,
    tab: &'static str,
}

#[derive(Template)]
#[template(path = "office/shares.html")]
struct SharesPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    s: ShowView<'a>,
    shares: Vec<Share>,
    t: Typed,
    tab: &'static str,
}

impl KindsPage<'_> {
    fn money(&self, kind: &TicketKind) -> String {
        self.s.listing.as_ref().map_or_else(String::new, |it| Money::new(kind.price, it.currency).full())
    }
}

impl PromosPage<'_> {
    fn off(&self, promo: &Promo) -> String {
        match promo.discount {
            Discount::Percent(points) => format!("−{} %", percent(points)),
            Discount::Amount(minor) => self
                .s
                .listing
                .as_ref()
                .map_or_else(String::new, |it| format!("−{}", Money::new(minor, it.currency).full())),
        }
    }

    fn until(&self, promo: &Promo) -> String {
        let zone = self.s.listing.as_ref().map_or("UTC", |it| &it.time_zone);
        promo.until.map_or_else(|| "—".to_owned(), |at| When::new(at, self.p.now, zone, self.p.lang).full())
    }
}

impl SharesPage<'_> {
    fn percent(&self, share: &Share) -> String {
        percent(share.basis_points)
    }

    fn rest(&self) -> String {
        let given: u32 = self.shares.iter().map(|share| share.basis_points).sum();
        percent(10_000_u32.saturating_sub(given))
    }
}

const fn status(t: &Typed) -> StatusCode {
    if t.troubles.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

fn listing(card: &ShowCard) -> Result<&Listing, Fault> {
    card.listing.as_ref().ok_or_else(not_here)
}

/// The id of what is changed, or a new one.
fn id_or_new<T: std::str::FromStr>(form: &Form, new: impl Fn(u64) -> T) -> Result<T, Fault> {
    if form.get("id").is_empty() { random_bits().map(new) } else { id(form.get("id")) }
}

// ---- kinds

fn kinds_with(p: &Visit, staff: &Staff, card: &ShowCard, t: Typed) -> Answer {
    listing(card)?;
    let page = KindsPage { p, staff, s: ShowView::new(p, card), t, tab: "tickets" };
    Ok(p.page_with(status(&page.t), &page)?)
}

pub(crate) async fn kinds(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Edit)?;
    let card = card(&site, &slug)?;
    let listing = listing(&card)?;
    let known = p.asked("edit").and_then(|id| card.kinds.iter().find(|kind| kind.id.to_string() == id));
    let t = match known {
        Some(kind) => {
            let tick = |on: bool, name: &'static str| on.then(|| (name, "1".to_owned()));
            let mut pairs = vec![
                ("id", kind.id.to_string()),
                ("name", kind.name.clone()),
                ("description", kind.description.clone()),
                ("price", Money::new(kind.price, listing.currency).digits()),
                ("seats", kind.seats.map_or_else(String::new, |seats| seats.to_string())),
                ("position", kind.position.to_string()),
            ];
            pairs.extend(tick(kind.pay_what_you_want, "pay_what"));
            pairs.extend(tick(kind.replay, "replay"));
            pairs.extend(tick(kind.face_to_face, "face"));
            pairs.extend(tick(kind.on_sale, "on_sale"));
            Typed::of(pairs)
        }
        None => Typed::of(vec![("on_sale", "1".to_owned()), ("position", card.kinds.len().to_string())]),
    };
    kinds_with(&p, &staff, &card, t)
}

fn read_kind(form: &Form, card: &ShowCard) -> Result<TicketKind, (&'static str, Fault)> {
    let at = |field: &'static str| move |fault: Fault| (field, fault);
    let currency = listing(card).map_err(at("name"))?.currency;
    let id: KindId = id_or_new(form, KindId::new).map_err(at("name"))?;
    let kind = TicketKind {
        id,
        show: card.show.id,
        name: form.get("name").to_owned(),
        description: form.get("description").to_owned(),
        price: form.amount("price", currency).map_err(at("price"))?,
        pay_what_you_want: form.has("pay_what"),
        replay: form.has("replay"),
        face_to_face: form.has("face"),
        seats: form.maybe("seats", 1_000_000).map_err(at("seats"))?,
        taken: card.kinds.iter().find(|kind| kind.id == id).map_or(0, |kind| kind.taken),
        on_sale: form.has("on_sale"),
        position: u16::try_from(form.number("position", 999).map_err(at("position"))?).unwrap_or(0),
    };
    kind.checked().map_err(|fault| (if fault.code == "seats_taken" { "seats" } else { "name" }, fault))
}

pub(crate) async fn set_kind(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Edit)?;
    let card = card(&site, &slug)?;
    let set = match read_kind(&form, &card) {
        Ok(kind) => site.office.set_kind(&staff, kind).await.map_err(|fault| ("name", fault)),
        Err(wrong) => Err(wrong),
    };
    match set {
        Ok(()) => Ok(see_other(&format!("/office/shows/{slug}/tickets"))),
        Err((field, fault)) => kinds_with(&p, &staff, &card, Typed::wrong(&p, form, field, &fault)),
    }
}

pub(crate) async fn delete_kind(
    State(site): State<Site>,
    Signed(staff): Signed,
    Path((slug, kind)): Path<(String, String)>,
) -> Answer {
    allow(&staff, Act::Edit)?;
    let show = card(&site, &slug)?.show.id;
    site.office.delete_kind(&staff, show, id(&kind)?).await?;
    Ok(see_other(&format!("/office/shows/{slug}/tickets")))
}

// ---- promo codes

async fn promos_with(site: &Site, p: &Visit, staff: &Staff, card: &ShowCard, t: Typed) -> Answer {
    listing(card)?;
    let promos = site.office.promos(card.show.id).await?;
    let page = PromosPage { p, staff, s: ShowView::new(p, card), promos, t, tab: "promos" };
    Ok(p.page_with(status(&page.t), &page)?)
}

pub(crate) async fn promos(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Promos)?;
    let card = card(&site, &slug)?;
    let listing = listing(&card)?;
    let all = site.office.promos(card.show.id).await?;
    let known = p.asked("edit").and_then(|id| all.iter().find(|promo| promo.id.to_string() == id));
    let t = known.map_or_else(Typed::default, |promo| {
        let off = match promo.discount {
            Discount::Percent(points) => ("percent", percent(points)),
            Discount::Amount(minor) => ("amount", Money::new(minor, listing.currency).digits()),
        };
        let zone = &listing.time_zone;
        Typed::of(vec![
            ("id", promo.id.to_string()),
            ("code", promo.code.clone()),
            off,
            ("uses", promo.uses.map_or_else(String::new, |uses| uses.to_string())),
            ("until", promo.until.map_or_else(String::new, |at| local(at, zone))),
        ])
    });
    promos_with(&site, &p, &staff, &card, t).await
}

fn read_promo(form: &Form, card: &ShowCard, used: u32, id: PromoId) -> Result<Promo, (&'static str, Fault)> {
    let at = |field: &'static str| move |fault: Fault| (field, fault);
    let listing = listing(card).map_err(at("code"))?;
    let points = form.percent("percent").map_err(at("percent"))?;
    let minor = form.amount("amount", listing.currency).map_err(at("amount"))?;
    let promo = Promo {
        id,
        show: card.show.id,
        code: form.get("code").to_owned(),
        discount: if minor > 0 { Discount::Amount(minor) } else { Discount::Percent(points) },
        uses: form.maybe("uses", 1_000_000).map_err(at("uses"))?,
        used,
        until: read_local(form.get("until"), &listing.time_zone).map_err(at("until"))?,
    };
    promo.checked().map_err(|fault| (if fault.code == "discount_broken" { "percent" } else { "code" }, fault))
}

pub(crate) async fn set_promo(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Promos)?;
    let card = card(&site, &slug)?;
    let id: PromoId = id_or_new(&form, PromoId::new)?;
    let all = site.office.promos(card.show.id).await?;
    let used = all.iter().find(|promo| promo.id == id).map_or(0, |promo| promo.used);
    let set = match read_promo(&form, &card, used, id) {
        Ok(promo) => site.office.set_promo(&staff, promo).await.map_err(|fault| ("code", fault)),
        Err(wrong) => Err(wrong),
    };
    match set {
        Ok(()) => Ok(see_other(&format!("/office/shows/{slug}/promos"))),
        Err((field, fault)) => {
            let t = Typed::wrong(&p, form, field, &fault);
            promos_with(&site, &p, &staff, &card, t).await
        }
    }
}

pub(crate) async fn delete_promo(
    State(site): State<Site>,
    Signed(staff): Signed,
    Path((slug, promo)): Path<(String, String)>,
) -> Answer {
    allow(&staff, Act::Promos)?;
    let show = card(&site, &slug)?.show.id;
    site.office.delete_promo(&staff, show, id(&promo)?).await?;
    Ok(see_other(&format!("/office/shows/{slug}/promos")))
}

// ---- shares

async fn shares_with(site: &Site, p: &Visit, staff: &Staff, card: &ShowCard, t: Typed) -> Answer {
    listing(card)?;
    let shares = site.office.shares(card.show.id).await?;
    let page = SharesPage { p, staff, s: ShowView::new(p, card), shares, t, tab: "shares" };
    Ok(p.page_with(status(&page.t), &page)?)
}

pub(crate) async fn shares(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Shares)?;
    let card = card(&site, &slug)?;
    let all = site.office.shares(card.show.id).await?;
    let known = p.asked("edit").and_then(|id| all.iter().find(|share| share.id.to_string() == id));
    let t = known.map_or_else(Typed::default, |share| {
        Typed::of(vec![
            ("id", share.id.to_string()),
            ("name", share.name.clone()),
            ("email", share.email.clone()),
            ("percent", percent(share.basis_points)),
        ])
    });
    shares_with(&site, &p, &staff, &card, t).await
}

pub(crate) async fn set_share(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Shares)?;
    let card = card(&site, &slug)?;
    let set = match read_share(&site, &form, &card).await {
        Ok(share) => site.office.set_share(&staff, share).await.map_err(|fault| ("percent", fault)),
        Err(wrong) => Err(wrong),
    };
    match set {
        Ok(()) => Ok(see_other(&format!("/office/shows/{slug}/shares"))),
        Err((field, fault)) => {
            let t = Typed::wrong(&p, form, field, &fault);
            shares_with(&site, &p, &staff, &card, t).await
        }
    }
}

async fn read_share(site: &Site, form: &Form, card: &ShowCard) -> Result<Share, (&'static str, Fault)> {
    let at = |field: &'static str| move |fault: Fault| (field, fault);
    let id: ShareId = id_or_new(form, ShareId::new).map_err(at("name"))?;
    let all = site.office.shares(card.show.id).await.map_err(at("name"))?;
    let code = match all.iter().find(|share| share.id == id) {
        Some(share) => share.code.clone(),
        None => {
            let (a, b) = (random_bits().map_err(at("name"))?, random_bits().map_err(at("name"))?);
            Secret::new(format!("{a:016x}{b:016x}"))
        }
    };
    let share = Share {
        id,
        show: card.show.id,
        name: form.get("name").to_owned(),
        email: form.get("email").to_owned(),
        basis_points: form.percent("percent").map_err(at("percent"))?,
        code,
    };
    share.checked(&all).map_err(|fault| {
        let field = match fault.code {
            "email_broken" => "email",
            "shares_too_large" => "percent",
            _ => "name",
        };
        (field, fault)
    })
}

pub(crate) async fn delete_share(
    State(site): State<Site>,
    Signed(staff): Signed,
    Path((slug, share)): Path<(String, String)>,
) -> Answer {
    allow(&staff, Act::Shares)?;
    let show = card(&site, &slug)?.show.id;
    site.office.delete_share(&staff, show, id(&share)?).await?;
    Ok(see_other(&format!("/office/shows/{slug}/shares")))
}
