//! Who may come into the office, and buyers who look for their tickets.

use super::Office;
use crate::clock;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use palco_base::{Class, Fault, Secret, ShowId, WallTime};
use palco_boxoffice::{Lang, clean_email, clean_line};
use palco_site::{Role, Staff, Visitor};
use palco_store::{Audit, LetterKind, NewLetter, Session};

/// How long staff stays signed in.
const STAFF_SESSION: u64 = 12 * 3600;
/// How long a buyer does.
const BUYER_SESSION: u64 = 30 * 24 * 3600;
/// How long a link to sign in with is good for.
const LINK: u64 = 30 * 60;
/// The least characters of a password (NIST SP 800-63B §3.1.1.2 asks for 8; staff handle money).
const PASSWORD: usize = 10;

fn after(seconds: u64) -> WallTime {
    WallTime::from_unix_seconds(clock::now().wall.unix_seconds() + seconds)
}

pub(super) fn hash_now(password: &Secret) -> Result<String, Fault> {
    let hash = Argon2::default().hash_password(password.reveal().as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| {
        Fault::new(Class::Internal, "password_unhashed", "The password could not be stored.").internal(error)
    })
}

fn wrong() -> Fault {
    Fault::new(Class::Unauthenticated, "sign_in_wrong", "Address and password do not belong together.")
        .hint("Check both. An owner can give you a new password.")
}

fn staff(it: palco_store::Staff) -> Option<Staff> {
    Some(Staff { id: it.id, email: it.email, name: it.name, role: Role::named(&it.role)? })
}

impl Office {
    /// Does the work of hashing away from the threads that serve.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let _turn = self.hashing.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| busy())
    }

    pub(super) async fn sign_in_staff(&self, email: &str, password: &Secret) -> Result<Secret, Fault> {
        let email = clean_email(email).map_err(|_| wrong())?;
        let known = self.books.all_staff().await?.into_iter().find(|it| it.email == email);
        // As much work whether there is such an account or not.
        let stored = known.as_ref().map_or_else(|| self.no_password.clone(), |it| it.password.clone());
        let tried = password.clone();
        let right = self
            .hashing(move || {
                let hash = PasswordHash::new(&stored);
                hash.is_ok_and(|hash| {
                    Argon2::default().verify_password(tried.reveal().as_bytes(), &hash).is_ok()
                })
            })
            .await?;
        match known {
            Some(known) if right => {
                self.books.begin_session(Session::Staff(known.id), after(STAFF_SESSION)).await
            }
            _ => Err(wrong()),
        }
    }

    pub(super) async fn whose(&self, session: &str) -> Result<Option<Visitor>, Fault> {
        match self.books.session(session, clock::now().wall).await? {
            None => Ok(None),
            Some(Session::Buyer(email)) => Ok(Some(Visitor::Buyer(email))),
            Some(Session::Staff(id)) => {
                let known = self.books.all_staff().await?.into_iter().find(|it| it.id == id);
                Ok(known.and_then(staff).map(Visitor::Staff))
            }
        }
    }

    pub(super) async fn mail_link(&self, email: &str, lang: Lang) -> Result<(), Fault> {
        let email = clean_email(email)?;
        if !self.books.knows(&email).await? {
            return Ok(());
        }
        let token = self.books.new_link(&email, after(LINK)).await?;
        let letter = NewLetter { kind: LetterKind::SignIn, order: None, token: Some(token), to: email, lang };
        self.books.write_letter(letter, clock::now().wall).await
    }

    pub(super) async fn take_link(&self, token: &str) -> Result<Secret, Fault> {
        let email = self.books.take_link(token, clock::now().wall).await?;
        self.books.begin_session(Session::Buyer(email), after(BUYER_SESSION)).await
    }

    pub(super) async fn everybody(&self) -> Result<Vec<Staff>, Fault> {
        Ok(self.books.all_staff().await?.into_iter().filter_map(staff).collect())
    }

    pub(super) async fn hire(
        &self,
        by: Option<&Staff>,
        new: Staff,
        password: Option<&Secret>,
    ) -> Result<(), Fault> {
        let all = self.books.all_staff().await?;
        if by.is_none() && !all.is_empty() {
            return Err(Fault::new(Class::Forbidden, "not_allowed", "There is an owner already."));
        }
        let (email, name) = (clean_email(&new.email)?, clean_line(&new.name, 60)?);
        let there = all.iter().find(|it| it.email == email);
        let owners = all.iter().filter(|it| it.role == Role::Owner.name()).count();
        let was_owner = there.is_some_and(|it| it.role == Role::Owner.name());
        if was_owner && owners == 1 && new.role != Role::Owner {
            return Err(Fault::conflict("last_owner", "The last owner stays an owner."));
        }
        let hash = match password {
            Some(password) if password.reveal().chars().count() < PASSWORD => {
                return Err(Fault::invalid(
                    "password_short",
                    format!("A password has {PASSWORD} characters at least."),
                ));
            }
            Some(password) => {
                let password = password.clone();
                self.hashing(move || hash_now(&password)).await??
            }
            None => match there {
                Some(there) => there.password.clone(),
                None => return Err(Fault::invalid("password_short", "A new account needs a password.")),
            },
        };
        let id = there.map_or(new.id, |there| there.id);
        let role = new.role.name().to_owned();
        self.books
            .set_staff(&palco_store::Staff { id, email, name: name.clone(), role, password: hash })
            .await?;
        self.books.end_sessions_of(id).await?;
        self.note(by, "staff_set", &name, None).await
    }

    /// Writes down what somebody did.
    pub(super) async fn note(
        &self,
        by: Option<&Staff>,
        what: &str,
        on: &str,
        show: Option<ShowId>,
    ) -> Result<(), Fault> {
        let who = by.map_or_else(|| "system".to_owned(), |by| by.name.clone());
        let line = Audit { at: clock::now().wall, who, what: what.to_owned(), on: on.to_owned(), show };
        self.books.note(line).await
    }
}

fn busy() -> Fault {
    Fault::unavailable("busy", "The server has too much to do.").hint("Try again in a moment.")
}
