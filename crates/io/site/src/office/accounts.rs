//! Who works here: signing in, the first owner, accounts, the log.

use super::{Signed, Typed, id, random_bits};
use crate::form::Form;
use crate::guard::{Act, SESSION, allow, plain_code};
use crate::refusal::Answer;
use crate::visit::{MONTH, Visit, see_other, with_cookie};
use crate::when::When;
use crate::{AuditLine, Role, Site, Staff};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use palco_base::{Class, Fault, Secret, StaffId};
use palco_boxoffice::{clean_email, clean_line};

#[derive(Template)]
#[template(path = "office/sign_in.html")]
struct SignIn<'a> {
    p: &'a Visit,
    first: bool,
    t: Typed,
}

#[derive(Template)]
#[template(path = "office/staff.html")]
struct StaffPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    all: Vec<Staff>,
    t: Typed,
}

#[derive(Template)]
#[template(path = "office/audit.html")]
struct AuditPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    lines: Vec<(When, AuditLine)>,
}

async fn sign_in_with(site: &Site, p: &Visit, t: Typed) -> Answer {
    let first = !site.office.has_staff().await?;
    let status = if t.troubles.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(p.page_with(status, &SignIn { p, first, t })?)
}

pub(crate) async fn sign_in_page(State(site): State<Site>, p: Visit) -> Answer {
    sign_in_with(&site, &p, Typed::default()).await
}

pub(crate) async fn sign_in(State(site): State<Site>, p: Visit, form: Form) -> Answer {
    site.limits.sign_in.knock(p.from())?;
    let password = Secret::new(form.get("password"));
    match site.office.staff_sign_in(form.get("email").trim(), &password).await {
        Ok(session) => {
            Ok(with_cookie(see_other("/office"), p.set_cookie(SESSION, session.reveal(), Some(MONTH))))
        }
        Err(fault) if matches!(fault.class, Class::Internal | Class::Unavailable) => Err(fault.into()),
        Err(_) => {
            // One answer, whatever was wrong.
            let text = "That address and password do not go together.";
            let fault = Fault::new(Class::Unauthenticated, "sign_in_wrong", text);
            sign_in_with(&site, &p, Typed::wrong(&p, form, "email", &fault)).await
        }
    }
}

pub(crate) async fn first(State(site): State<Site>, p: Visit, form: Form) -> Answer {
    site.limits.sign_in.knock(p.from())?;
    if site.office.has_staff().await? {
        return Ok(see_other("/office/sign-in"));
    }
    if !site.office.is_admin(form.get("token").trim()) {
        let fault = Fault::new(Class::Unauthenticated, "token_wrong", "This is not the admin token.")
            .hint("The server wrote it down when it first started.");
        return sign_in_with(&site, &p, Typed::wrong(&p, form, "token", &fault)).await;
    }
    let password = Secret::new(form.get("password"));
    let made = match account(&form, Role::Owner) {
        Ok(staff) if form.get("password").chars().count() >= 10 => {
            site.office.set_staff(None, staff, Some(&password)).await
        }
        Ok(_) => Err(short()),
        Err(fault) => Err(fault),
    };
    if let Err(fault) = made {
        let field = field_of(&fault);
        return sign_in_with(&site, &p, Typed::wrong(&p, form, field, &fault)).await;
    }
    let session = site.office.staff_sign_in(form.get("email").trim(), &password).await?;
    Ok(with_cookie(see_other("/office"), p.set_cookie(SESSION, session.reveal(), Some(MONTH))))
}

fn short() -> Fault {
    Fault::invalid("password_short", "A password has 10 characters at least.")
}

fn field_of(fault: &Fault) -> &'static str {
    match fault.code {
        "email_broken" => "email",
        "password_short" => "password",
        _ => "name",
    }
}

fn account(form: &Form, role: Role) -> Result<Staff, Fault> {
    Ok(Staff {
        id: StaffId::new(random_bits()?),
        email: clean_email(form.get("email"))?,
        name: clean_line(form.get("name"), 60)?,
        role,
    })
}

pub(crate) async fn sign_out(State(site): State<Site>, p: Visit) -> Answer {
    if let Some(session) = p.cookie(&p.cookie_name(SESSION)).filter(|it| plain_code(it)) {
        site.office.sign_out(&session).await?;
    }
    Ok(with_cookie(see_other("/office/sign-in"), p.set_cookie(SESSION, "", Some(0))))
}

async fn staff_with(site: &Site, p: &Visit, staff: &Staff, t: Typed) -> Answer {
    let all = site.office.staff().await?;
    let status = if t.troubles.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(p.page_with(status, &StaffPage { p, staff, all, t })?)
}

pub(crate) async fn staff(State(site): State<Site>, p: Visit, Signed(staff): Signed) -> Answer {
    allow(&staff, Act::Accounts)?;
    staff_with(&site, &p, &staff, Typed::default()).await
}

pub(crate) async fn set_staff(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    form: Form,
) -> Answer {
    allow(&staff, Act::Accounts)?;
    let typed = form.get("password");
    let password = (!typed.is_empty()).then(|| Secret::new(typed));
    let role = Role::named(form.get("role")).unwrap_or(Role::Moderator);
    let set = match account(&form, role) {
        Ok(_) if password.is_some() && typed.chars().count() < 10 => Err(short()),
        Ok(other) => site.office.set_staff(Some(&staff), other, password.as_ref()).await,
        Err(fault) => Err(fault),
    };
    match set {
        Ok(()) => Ok(see_other("/office/staff")),
        Err(fault) => {
            let field = field_of(&fault);
            staff_with(&site, &p, &staff, Typed::wrong(&p, form, field, &fault)).await
        }
    }
}

pub(crate) async fn delete_staff(
    State(site): State<Site>,
    Signed(staff): Signed,
    Path(other): Path<String>,
) -> Answer {
    allow(&staff, Act::Accounts)?;
    site.office.delete_staff(&staff, id(&other)?).await?;
    Ok(see_other("/office/staff"))
}

pub(crate) async fn audit(State(site): State<Site>, p: Visit, Signed(staff): Signed) -> Answer {
    allow(&staff, Act::Audit)?;
    let lines = site.office.audit(None).await?;
    let lines = lines.into_iter().map(|line| (When::new(line.at, p.now, "UTC", p.lang), line)).collect();
    Ok(p.page(&AuditPage { p: &p, staff: &staff, lines })?)
}
