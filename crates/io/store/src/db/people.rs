//! Staff, sessions, links to sign in with, and what staff did. Tokens are kept as their hash.

use super::convert::{self, bits, time};
use super::entity::{audit, link, order, session, staff};
use super::sale::random_id;
use super::{Database, failed, is_there_already};
use palco_base::{Fault, Secret, ShowId, StaffId, WallTime};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use sha2::{Digest as _, Sha256};

/// An account of the office.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Its id.
    pub id: StaffId,
    /// With which they sign in.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do, by name.
    pub role: String,
    /// Hash of the password (argon2id, PHC string format); empty lets nobody in.
    pub password: String,
}

/// Whose a session is.
#[derive(Clone, Debug)]
pub enum Session {
    /// Staff.
    Staff(StaffId),
    /// Whoever can read mail to this address.
    Buyer(String),
}

/// A line of the audit log.
#[derive(Clone, Debug)]
pub struct Audit {
    /// When.
    pub at: WallTime,
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// On what.
    pub on: String,
    /// Of which show.
    pub show: Option<ShowId>,
}

/// As what a token is kept: who reads the books cannot sign in with it.
fn hash(token: &str) -> String {
    crate::files::hex(&Sha256::digest(token.as_bytes()))
}

impl Database {
    /// Everybody who works for the house, by name.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn all_staff(&self) -> Result<Vec<Staff>, Fault> {
        let rows =
            staff::Entity::find().order_by_asc(staff::Column::Name).all(&self.read).await.map_err(failed)?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// Makes an account or changes it (by its id).
    ///
    /// # Errors
    /// `email_taken`.
    pub async fn set_staff(&self, new: &Staff) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            let row = staff::Model {
                id: bits(new.id.bits()),
                email: new.email.clone(),
                name: new.name.clone(),
                role: new.role.clone(),
                password: new.password.clone(),
            };
            let there = staff::Entity::find_by_id(row.id).one(tx).await?.is_some();
            let active = row.into_active_model();
            let done = if there {
                staff::Entity::update(active.reset_all()).exec(tx).await.map(drop)
            } else {
                staff::Entity::insert(active).exec_without_returning(tx).await.map(drop)
            };
            match done {
                Err(error) if is_there_already(&error) => {
                    Err(Fault::conflict("email_taken", "Somebody has an account with this address.").into())
                }
                done => Ok(done?),
            }
        })
        .await
    }

    /// Removes an account and ends its sessions; the last owner stays.
    ///
    /// # Errors
    /// `last_owner`.
    pub async fn delete_staff(&self, id: StaffId) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            let id = bits(id.bits());
            let others = staff::Entity::find().filter(staff::Column::Id.ne(id));
            if others.filter(staff::Column::Role.eq("owner")).count(tx).await? == 0 {
                return Err(Fault::conflict("last_owner", "The last owner cannot be removed.")
                    .hint("Make somebody else an owner first.")
                    .into());
            }
            session::Entity::delete_many().filter(session::Column::StaffId.eq(id)).exec(tx).await?;
            staff::Entity::delete_by_id(id).exec(tx).await?;
            Ok(())
        })
        .await
    }

    /// Ends all sessions of staff: their password or role changed.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn end_sessions_of(&self, id: StaffId) -> Result<(), Fault> {
        let theirs = session::Entity::delete_many().filter(session::Column::StaffId.eq(bits(id.bits())));
        theirs.exec(&self.write).await.map(drop).map_err(failed)
    }

    /// Begins a session: its token.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn begin_session(&self, whose: Session, until: WallTime) -> Result<Secret, Fault> {
        let token = Self::new_code()?;
        let (staff_id, email) = match whose {
            Session::Staff(id) => (Some(bits(id.bits())), None),
            Session::Buyer(email) => (None, Some(email)),
        };
        let row =
            session::Model { token: hash(token.reveal()), staff_id, email, expires_at: until.unix_millis() };
        let insert = session::Entity::insert(row.into_active_model());
        insert.exec_without_returning(&self.write).await.map_err(failed)?;
        Ok(token)
    }

    /// Whose session this is; none if it ended.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn session(&self, token: &str, now: WallTime) -> Result<Option<Session>, Fault> {
        let row = session::Entity::find_by_id(hash(token)).one(&self.read).await.map_err(failed)?;
        let row = row.filter(|row| row.expires_at > now.unix_millis());
        Ok(row.and_then(|row| match (row.staff_id, row.email) {
            (Some(id), _) => Some(Session::Staff(StaffId::new(convert::id(id)))),
            (None, Some(email)) => Some(Session::Buyer(email)),
            (None, None) => None,
        }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn end_session(&self, token: &str) -> Result<(), Fault> {
        session::Entity::delete_by_id(hash(token)).exec(&self.write).await.map(drop).map_err(failed)
    }

    /// Whether anything was ever ordered with this address.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn knows(&self, email: &str) -> Result<bool, Fault> {
        let theirs = order::Entity::find().filter(order::Column::Email.eq(email));
        Ok(theirs.filter(order::Column::State.eq("paid")).count(&self.read).await.map_err(failed)? > 0)
    }

    /// Makes a link to sign in with: its token.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn new_link(&self, email: &str, until: WallTime) -> Result<Secret, Fault> {
        let token = Self::new_code()?;
        let row = link::Model {
            token: hash(token.reveal()),
            email: email.to_owned(),
            expires_at: until.unix_millis(),
        };
        let insert = link::Entity::insert(row.into_active_model());
        insert.exec_without_returning(&self.write).await.map_err(failed)?;
        Ok(token)
    }

    /// Takes a link, once: whose it is.
    ///
    /// # Errors
    /// `link_unknown`.
    pub async fn take_link(&self, token: &str, now: WallTime) -> Result<String, Fault> {
        let unknown = || {
            Fault::not_found("link_unknown", "This link was used already, or is too old.")
                .hint("Ask for a new one.")
        };
        self.transact(|tx| async move {
            let tx = &*tx;
            let row =
                link::Entity::find_by_id(hash(token)).lock_exclusive().one(tx).await?.ok_or_else(unknown)?;
            link::Entity::delete_by_id(row.token.clone()).exec(tx).await?;
            Ok((row.expires_at > now.unix_millis()).then_some(row.email))
        })
        .await?
        .ok_or_else(unknown)
    }

    /// Forgets sessions and links whose time is over.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn sweep(&self, now: WallTime) -> Result<(), Fault> {
        let now = now.unix_millis();
        let sessions = session::Entity::delete_many().filter(session::Column::ExpiresAt.lte(now));
        sessions.exec(&self.write).await.map_err(failed)?;
        let links = link::Entity::delete_many().filter(link::Column::ExpiresAt.lte(now));
        links.exec(&self.write).await.map(drop).map_err(failed)
    }

    /// Notes what somebody did.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn note(&self, line: Audit) -> Result<(), Fault> {
        let row = audit::Model {
            id: bits(random_id()?),
            at: line.at.unix_millis(),
            who: line.who,
            what: line.what,
            on_what: line.on,
            show_id: line.show.map(|show| bits(show.bits())),
        };
        let insert = audit::Entity::insert(row.into_active_model());
        insert.exec_without_returning(&self.write).await.map(drop).map_err(failed)
    }

    /// The newest 500 lines of the audit log; of one show, or of all.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn notes(&self, show: Option<ShowId>) -> Result<Vec<Audit>, Fault> {
        let mut lines = audit::Entity::find().order_by_desc(audit::Column::At).limit(500);
        if let Some(show) = show {
            lines = lines.filter(audit::Column::ShowId.eq(bits(show.bits())));
        }
        let rows = lines.all(&self.read).await.map_err(failed)?;
        let line = |row: audit::Model| Audit {
            at: time(row.at),
            who: row.who,
            what: row.what,
            on: row.on_what,
            show: row.show_id.map(|show| ShowId::new(convert::id(show))),
        };
        Ok(rows.into_iter().map(line).collect())
    }
}

fn read(row: staff::Model) -> Staff {
    Staff {
        id: StaffId::new(convert::id(row.id)),
        email: row.email,
        name: row.name,
        role: row.role,
        password: row.password,
    }
}
