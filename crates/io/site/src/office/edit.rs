//! Making and changing a show, its poster, calling it off.

use super::{Signed, Typed, card};
use crate::form::{Form, percent};
use crate::guard::{Act, allow};
use crate::refusal::{Answer, Refused};
use crate::show_view::ShowView;
use crate::visit::{Visit, see_other};
use crate::when::{local, read_local, time_zone};
use crate::{ShowCard, ShowForm, Site, Staff};
use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use palco_base::{Class, Fault, ShowId};
use palco_boxoffice::{Currency, Genre, Listing, Money, Sales, clean_line};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "office/show_form.html")]
struct ShowFormPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    /// None for a show that is being made.
    s: Option<ShowView<'a>>,
    t: Typed,
    /// What is stored now, when somebody else changed it meanwhile.
    stored: Vec<(&'static str, String)>,
    saved: bool,
    tab: &'static str,
}

impl ShowFormPage<'_> {
    fn currencies(&self) -> Vec<&'static str> {
        Currency::all().map(Currency::code).collect()
    }
}

#[derive(Template)]
#[template(path = "office/cancel.html")]
struct CancelPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    s: ShowView<'a>,
    t: Typed,
    tab: &'static str,
}

/// The form of a show as it is stored.
fn filled(card: &ShowCard) -> Typed {
    let listing = card.listing.clone().unwrap_or_else(|| empty(card.show.id));
    let money = |minor| if minor == 0 { String::new() } else { Money::new(minor, listing.currency).digits() };
    let points = |points| if points == 0 { String::new() } else { percent(points) };
    let some = |n: u32| if n == 0 { String::new() } else { n.to_string() };
    let zone = &listing.time_zone;
    let mut pairs = vec![
        ("revision", listing.revision.to_string()),
        ("title", card.show.title.clone()),
        ("slug", card.show.slug.clone()),
        ("summary", listing.summary.clone()),
        ("description", card.show.description.clone()),
        ("starts_at", card.show.starts_at.map_or_else(String::new, |at| local(at, zone))),
        ("time_zone", zone.clone()),
        ("minutes", some(listing.minutes.into())),
        ("genre", listing.genre.name().to_owned()),
        ("performers", listing.performers.join("\n")),
        ("warning", listing.warning.text.clone()),
        ("age", some(listing.warning.age.into())),
        ("sales", listing.sales.name().to_owned()),
        ("currency", listing.currency.code().to_owned()),
        ("seats", listing.seats.map_or_else(String::new, |seats| seats.to_string())),
        ("fee_percent", points(listing.fee.basis_points)),
        ("fee_fixed", money(listing.fee.fixed)),
        ("tax_name", listing.tax.name.clone()),
        ("tax_percent", points(listing.tax.basis_points)),
    ];
    if listing.tax.included {
        pairs.push(("tax_included", "1".to_owned()));
    }
    Typed::of(pairs)
}

fn empty(show: ShowId) -> Listing {
    let currency = Currency::parse("USD").or_else(|_| Currency::all().next().ok_or(())).ok();
    // The table of currencies is never empty; the first is as good as any.
    currency.map_or_else(|| unreachable!("no currency is known"), |currency| Listing::new(show, currency))
}

/// What the form says, over what is stored; or the field that cannot be read.
fn read(form: &Form, stored: Option<&ShowCard>) -> Result<ShowForm, (&'static str, Fault)> {
    let at = |field: &'static str| move |fault: Fault| (field, fault);
    let show = stored.map_or(ShowId::new(0), |card| card.show.id);
    let mut listing = stored.and_then(|card| card.listing.clone()).unwrap_or_else(|| empty(show));
    let title = clean_line(form.get("title"), 120).map_err(at("title"))?;
    let zone = form.get("time_zone").trim();
    time_zone(zone).map_err(at("time_zone"))?;
    let starts_at = read_local(form.get("starts_at"), zone).map_err(at("starts_at"))?;
    listing.time_zone = zone.to_owned();
    listing.revision = form.number("revision", u32::MAX).map_err(at("title"))?;
    listing.currency = Currency::parse(form.get("currency")).map_err(at("currency"))?;
    form.get("summary").clone_into(&mut listing.summary);
    listing.genre = Genre::named(form.get("genre")).unwrap_or(Genre::Show);
    let names = form.get("performers").lines().map(str::trim).filter(|name| !name.is_empty());
    listing.performers = names.map(str::to_owned).collect();
    let minutes = form.number("minutes", 1_440).map_err(at("minutes"))?;
    listing.minutes = u16::try_from(minutes).unwrap_or(0);
    form.get("warning").clone_into(&mut listing.warning.text);
    let age = form.number("age", 99).map_err(at("age"))?;
    listing.warning.age = u8::try_from(age).unwrap_or(0);
    listing.seats = form.maybe("seats", 1_000_000).map_err(at("seats"))?;
    listing.fee.basis_points = form.percent("fee_percent").map_err(at("fee_percent"))?;
    listing.fee.fixed = form.amount("fee_fixed", listing.currency).map_err(at("fee_fixed"))?;
    form.get("tax_name").clone_into(&mut listing.tax.name);
    listing.tax.basis_points = form.percent("tax_percent").map_err(at("tax_percent"))?;
    listing.tax.included = form.has("tax_included");
    // Calling a show off has a page of its own.
    let sales = Sales::named(form.get("sales")).filter(|sales| *sales != Sales::Cancelled);
    if listing.sales != Sales::Cancelled {
        listing.sales = sales.unwrap_or(listing.sales);
    }
    let listing = listing.checked().map_err(|fault| (field_of(&fault), fault))?;
    let slug = Some(form.get("slug").trim().to_owned()).filter(|slug| !slug.is_empty());
    Ok(ShowForm { title, slug, description: form.get("description").to_owned(), starts_at, listing })
}

/// The field a fault of the backend is about.
fn field_of(fault: &Fault) -> &'static str {
    match fault.code {
        code if code.starts_with("slug") => "slug",
        code if code.starts_with("tax") => "tax_name",
        code if code.starts_with("currency") => "currency",
        "percent_too_large" => "fee_percent",
        "seats_taken" => "seats",
        "too_many_performers" => "performers",
        "description_too_long" => "description",
        _ => "title",
    }
}

pub(crate) async fn new_page(p: Visit, Signed(staff): Signed) -> Answer {
    allow(&staff, Act::Edit)?;
    let t = Typed::of(vec![
        ("revision", "0".to_owned()),
        ("time_zone", "UTC".to_owned()),
        ("currency", "USD".to_owned()),
        ("sales", "draft".to_owned()),
        ("genre", "show".to_owned()),
    ]);
    let page =
        ShowFormPage { p: &p, staff: &staff, s: None, t, stored: Vec::new(), saved: false, tab: "edit" };
    Ok(p.page(&page)?)
}

pub(crate) async fn make(State(site): State<Site>, p: Visit, Signed(staff): Signed, form: Form) -> Answer {
    allow(&staff, Act::Edit)?;
    let made = match read(&form, None) {
        Ok(wanted) => site.office.make_show(&staff, wanted).await.map_err(|fault| (field_of(&fault), fault)),
        Err(wrong) => Err(wrong),
    };
    match made {
        Ok(card) => Ok(see_other(&format!("/office/shows/{}/tickets", card.show.slug))),
        Err((field, fault)) => {
            let t = Typed::wrong(&p, form, field, &fault);
            let page = ShowFormPage {
                p: &p,
                staff: &staff,
                s: None,
                t,
                stored: Vec::new(),
                saved: false,
                tab: "edit",
            };
            Ok(p.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)?)
        }
    }
}

pub(crate) async fn edit_page(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Edit)?;
    let card = card(&site, &slug)?;
    let saved = p.has("saved");
    let s = Some(ShowView::new(&p, &card));
    let t = filled(&card);
    Ok(p.page(&ShowFormPage { p: &p, staff: &staff, s, t, stored: Vec::new(), saved, tab: "edit" })?)
}

pub(crate) async fn change(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Edit)?;
    let known = card(&site, &slug)?;
    let changed = match read(&form, Some(&known)) {
        Ok(wanted) => site
            .office
            .change_show(&staff, known.show.id, wanted)
            .await
            .map_err(|fault| (field_of(&fault), fault)),
        Err(wrong) => Err(wrong),
    };
    match changed {
        Ok(card) => Ok(see_other(&format!("/office/shows/{}?saved", card.show.slug))),
        Err((_, fault)) if fault.code == "revision_old" => conflict(&site, &p, &staff, &slug, form, &fault),
        Err((field, fault)) => {
            let s = Some(ShowView::new(&p, &known));
            let t = Typed::wrong(&p, form, field, &fault);
            let page =
                ShowFormPage { p: &p, staff: &staff, s, t, stored: Vec::new(), saved: false, tab: "edit" };
            Ok(p.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)?)
        }
    }
}

/// Two saved one show: what was typed stays in the form, which now knows the newer revision; what
/// differs from what is stored is shown beside it.
fn conflict(site: &Site, p: &Visit, staff: &Staff, slug: &str, form: Form, fault: &Fault) -> Answer {
    let now: Arc<ShowCard> = card(site, slug)?;
    let stored = filled(&now);
    let differ =
        labels(p).into_iter().filter(|(name, _)| stored.get(name) != form.get(name).replace("\r\n", "\n"));
    let differ = differ.map(|(name, label)| (label, stored.get(name).to_owned())).collect();
    let form = form.with("revision", stored.get("revision"));
    let t = Typed::wrong(p, form, "title", fault);
    let s = Some(ShowView::new(p, &now));
    let page = ShowFormPage { p, staff, s, t, stored: differ, saved: false, tab: "edit" };
    Ok(p.page_with(StatusCode::CONFLICT, &page)?)
}

fn labels(p: &Visit) -> Vec<(&'static str, &'static str)> {
    let o = p.o;
    vec![
        ("title", o.show_title),
        ("summary", o.summary),
        ("description", o.description),
        ("starts_at", o.starts),
        ("time_zone", o.zone),
        ("minutes", o.minutes),
        ("genre", o.genre),
        ("performers", o.performers),
        ("warning", o.warning),
        ("age", o.age),
        ("sales", o.sale),
        ("currency", o.currency),
        ("seats", o.seats),
        ("fee_percent", o.fee_percent),
        ("fee_fixed", o.fee_fixed),
        ("tax_name", o.tax_name),
        ("tax_percent", o.tax_percent),
    ]
}

pub(crate) async fn poster(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    upload: Result<Multipart, MultipartRejection>,
) -> Answer {
    allow(&staff, Act::Edit)?;
    let known = card(&site, &slug)?;
    let taken = match picture(upload).await {
        Ok(bytes) => site.office.set_poster(&staff, known.show.id, bytes).await,
        Err(fault) => Err(fault),
    };
    let Err(fault) = taken else { return Ok(see_other(&format!("/office/shows/{slug}?saved"))) };
    let mut t = filled(&known);
    t.troubles.push(crate::buy::Trouble::new(&p, "poster", &fault));
    let s = Some(ShowView::new(&p, &known));
    let page = ShowFormPage { p: &p, staff: &staff, s, t, stored: Vec::new(), saved: false, tab: "edit" };
    Ok(p.page_with(crate::refusal::status(fault.class), &page)?)
}

async fn picture(upload: Result<Multipart, MultipartRejection>) -> Result<Bytes, Fault> {
    let broken = || Fault::invalid("form_broken", "We could not read this form.");
    let mut upload = upload.map_err(|_| broken())?;
    let large = |error: &axum::extract::multipart::MultipartError| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Fault::new(Class::TooLarge, "poster_too_large", "This picture is larger than 10 MB.")
        } else {
            Fault::invalid("form_broken", "We could not read this form.")
        }
    };
    while let Some(field) = upload.next_field().await.map_err(|error| large(&error))? {
        if field.name() == Some("poster") {
            let bytes = field.bytes().await.map_err(|error| large(&error))?;
            if !bytes.is_empty() {
                return Ok(bytes);
            }
        }
    }
    Err(Fault::invalid("poster_missing", "Choose a picture first."))
}

pub(crate) async fn desk(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Desk)?;
    let link = site.office.desk_link(&staff, card(&site, &slug)?.show.id).await?;
    Ok(see_other(link.strip_prefix(&p.base).unwrap_or(&link)))
}

pub(crate) async fn cancel_page(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::Cancel)?;
    let card = card(&site, &slug)?;
    let s = ShowView::new(&p, &card);
    Ok(p.page(&CancelPage { p: &p, staff: &staff, s, t: Typed::default(), tab: "cancel" })?)
}

pub(crate) async fn cancel(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Cancel)?;
    let card = card(&site, &slug)?;
    if form.get("title").trim() != card.show.title {
        let fault = Fault::invalid("title_differs", "That is not the title of the show.")
            .hint("Type it exactly; this cannot be undone.");
        let t = Typed::wrong(&p, form, "title", &fault);
        let page = CancelPage { p: &p, staff: &staff, s: ShowView::new(&p, &card), t, tab: "cancel" };
        return Ok(p.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)?);
    }
    site.office.cancel_show(&staff, card.show.id).await.map_err(Refused)?;
    Ok(see_other(&format!("/office/shows/{slug}/sales")))
}
