//! `/demo/mail`: what a demo would have mailed.

use crate::refusal::Answer;
use crate::visit::Visit;
use crate::when::When;
use crate::{MailView, Site, not_here};
use askama::Template;
use axum::extract::{Path, State};

#[derive(Template)]
#[template(path = "mails.html")]
struct Mails<'a> {
    p: &'a Visit,
    mails: Vec<MailView>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Mail<'a> {
    p: &'a Visit,
    mail: &'a MailView,
}

fn when(p: &Visit, mail: &MailView) -> When {
    When::new(mail.at, p.now, "UTC", p.lang)
}

pub(crate) async fn mails(State(site): State<Site>, p: Visit) -> Answer {
    if !site.office.is_demo() {
        return Err(not_here().into());
    }
    let mails = site.office.mails().await?;
    Ok(p.page(&Mails { p: &p, mails })?)
}

pub(crate) async fn mail(State(site): State<Site>, p: Visit, Path(id): Path<String>) -> Answer {
    if !site.office.is_demo() {
        return Err(not_here().into());
    }
    let mails = site.office.mails().await?;
    let mail = mails.iter().find(|mail| mail.id.to_string() == id).ok_or_else(not_here)?;
    Ok(p.page(&Mail { p: &p, mail })?)
}
