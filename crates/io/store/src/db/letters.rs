//! The outbox: letters are written down with what they are about, and sent afterwards, until they are.

use super::convert::{self, bits};
use super::entity::letter;
use super::sale::random_id;
use super::{Database, failed};
use palco_base::{Fault, OrderId, RefundId, Secret, WallTime};
use palco_boxoffice::{Lang, Order};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};

/// What a letter is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterKind {
    /// Here are your tickets.
    Tickets,
    /// Tickets were given back, with the refund if they cost something.
    Refunded(Option<RefundId>),
    /// You paid when no seat was left.
    NoSeat(RefundId),
    /// A link to sign in with.
    SignIn,
}

impl LetterKind {
    pub(super) const fn of(letter: palco_boxoffice::Letter) -> Self {
        match letter {
            palco_boxoffice::Letter::Tickets => Self::Tickets,
            palco_boxoffice::Letter::Refunded(refund) => Self::Refunded(refund),
            palco_boxoffice::Letter::NoSeat(refund) => Self::NoSeat(refund),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Refunded(_) => "refunded",
            Self::NoSeat(_) => "no_seat",
            Self::SignIn => "sign_in",
        }
    }

    const fn refund(self) -> Option<RefundId> {
        match self {
            Self::Refunded(refund) => refund,
            Self::NoSeat(refund) => Some(refund),
            Self::Tickets | Self::SignIn => None,
        }
    }
}

/// Where a letter is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterState {
    /// To be sent, now or later.
    Waiting,
    /// A mail server took it.
    Sent,
    /// A mail server refused it for good.
    Refused,
}

impl LetterState {
    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Refused => "refused",
        }
    }
}

/// A letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its id; mail servers see it in the Message-ID, so that a repeated one is known.
    pub id: i64,
    /// What it is about.
    pub kind: LetterKind,
    /// Of which order.
    pub order: Option<OrderId>,
    /// What a sign-in link ends in; gone once it was sent.
    pub token: Option<Secret>,
    /// To whom.
    pub to: String,
    /// In which language.
    pub lang: Lang,
    /// Where it is.
    pub state: LetterState,
    /// How often it was tried.
    pub tries: u32,
    /// When it was written down.
    pub created_at: WallTime,
    /// What was sent; empty before.
    pub subject: String,
    /// The same, as text.
    pub text: String,
    /// The same, as HTML.
    pub html: String,
}

/// A letter that no sale asks for.
#[derive(Clone, Debug)]
pub struct NewLetter {
    /// What it is about.
    pub kind: LetterKind,
    /// Of which order.
    pub order: Option<OrderId>,
    /// What a sign-in link ends in.
    pub token: Option<Secret>,
    /// To whom.
    pub to: String,
    /// In which language.
    pub lang: Lang,
}

impl NewLetter {
    fn row(self, now: WallTime) -> Result<letter::Model, Fault> {
        Ok(letter::Model {
            id: bits(random_id()?),
            kind: self.kind.name().to_owned(),
            order_id: self.order.map(|order| bits(order.bits())),
            refund_id: self.kind.refund().map(|refund| bits(refund.bits())),
            token: self.token.map(|token| token.reveal().to_owned()),
            to_address: self.to,
            lang: self.lang.tag().to_owned(),
            state: LetterState::Waiting.name().to_owned(),
            tries: 0,
            next_at: now.unix_millis(),
            created_at: now.unix_millis(),
            subject: String::new(),
            text: String::new(),
            html: String::new(),
        })
    }
}

pub(super) fn letter_row(kind: LetterKind, order: &Order, now: WallTime) -> Result<letter::Model, Fault> {
    let (to, lang) = (order.buyer.email.clone(), order.buyer.lang);
    NewLetter { kind, order: Some(order.id), token: None, to, lang }.row(now)
}

fn letter(row: letter::Model) -> Letter {
    let refund = row.refund_id.map(|refund| RefundId::new(convert::id(refund)));
    let kind = match (row.kind.as_str(), refund) {
        ("refunded", refund) => LetterKind::Refunded(refund),
        ("no_seat", Some(refund)) => LetterKind::NoSeat(refund),
        ("sign_in", _) => LetterKind::SignIn,
        _ => LetterKind::Tickets,
    };
    Letter {
        id: row.id,
        kind,
        order: row.order_id.map(|order| OrderId::new(convert::id(order))),
        token: row.token.map(Secret::new),
        to: row.to_address,
        lang: Lang::of(&row.lang),
        state: match row.state.as_str() {
            "sent" => LetterState::Sent,
            "refused" => LetterState::Refused,
            _ => LetterState::Waiting,
        },
        tries: u32::try_from(row.tries).unwrap_or(0),
        created_at: convert::time(row.created_at),
        subject: row.subject,
        text: row.text,
        html: row.html,
    }
}

impl Database {
    /// Writes a letter down to be sent.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn write_letter(&self, new: NewLetter, now: WallTime) -> Result<(), Fault> {
        let row = new.row(now)?.into_active_model();
        letter::Entity::insert(row).exec_without_returning(&self.write).await.map(drop).map_err(failed)
    }

    /// Letters whose time has come, the oldest first, so many at most.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn letters_due(&self, now: WallTime, most: u64) -> Result<Vec<Letter>, Fault> {
        let due = letter::Entity::find()
            .filter(letter::Column::State.eq("waiting"))
            .filter(letter::Column::NextAt.lte(now.unix_millis()));
        let rows =
            due.order_by_asc(letter::Column::NextAt).limit(most).all(&self.read).await.map_err(failed)?;
        Ok(rows.into_iter().map(letter).collect())
    }

    /// Notes that a letter was sent, and as what.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn letter_sent(&self, id: i64, subject: &str, text: &str, html: &str) -> Result<(), Fault> {
        let update = letter::ActiveModel {
            id: sea_orm::Unchanged(id),
            state: Set(LetterState::Sent.name().to_owned()),
            token: Set(None),
            subject: Set(subject.to_owned()),
            text: Set(text.to_owned()),
            html: Set(html.to_owned()),
            ..Default::default()
        };
        update.update(&self.write).await.map(drop).map_err(failed)
    }

    /// Notes that a letter could not be sent: to be tried again then, or never.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn letter_failed(&self, it: &Letter, again: Option<WallTime>) -> Result<(), Fault> {
        let state = if again.is_some() { LetterState::Waiting } else { LetterState::Refused };
        let tries = i32::try_from(it.tries.saturating_add(1)).unwrap_or(i32::MAX);
        let update = letter::ActiveModel {
            id: sea_orm::Unchanged(it.id),
            state: Set(state.name().to_owned()),
            tries: Set(tries),
            next_at: Set(again.map_or(i64::MAX, WallTime::unix_millis)),
            ..Default::default()
        };
        update.update(&self.write).await.map(drop).map_err(failed)
    }

    /// The newest letters that were sent, so many at most.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn letters_sent(&self, most: u64) -> Result<Vec<Letter>, Fault> {
        let sent = letter::Entity::find().filter(letter::Column::State.eq("sent"));
        let rows = sent
            .order_by_desc(letter::Column::CreatedAt)
            .limit(most)
            .all(&self.read)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(letter).collect())
    }

    /// Letters that are refused, or wait since before `before`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn letters_stuck(&self, before: WallTime) -> Result<u32, Fault> {
        use sea_orm::Condition;
        let old = Condition::all()
            .add(letter::Column::State.eq("waiting"))
            .add(letter::Column::CreatedAt.lt(before.unix_millis()));
        let stuck = Condition::any().add(letter::Column::State.eq("refused")).add(old);
        let count = letter::Entity::find().filter(stuck).count(&self.read).await.map_err(failed)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
