//! Sales: loaded under the lock of their show, decided by the core, stored whole.

use super::convert::{self, bits};
use super::entity::{event, kind, letter, line, listing, order, promo, refund, ticket, transfer};
use super::letters::{LetterKind, letter_row};
use super::{Database, Trouble, is_there_already};
use palco_base::{Fault, OrderId, RefundId, Secret, ShowId, TicketId, WallTime};
use palco_boxoffice::{BuyRequest, Change, Input, Opening, Order, Refund, Sale, Shelf, Ticket};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

/// Whether the shelf is locked while it is decided upon. Off only for the negative control.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locking {
    /// As it must be.
    On,
    /// Read first, written later: what is oversold then proves that the test would notice.
    Off,
}

/// How an order is named.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// By its id.
    Id(OrderId),
    /// By its code.
    Code(&'a str),
    /// By the provider's name for its checkout.
    Checkout(&'a str),
}

/// Something a provider told, to be taken in once.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Who told.
    pub provider: &'a str,
    /// Their name for it.
    pub id: &'a str,
}

/// An order to be made.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// What is wanted.
    pub request: BuyRequest,
    /// The promo code that was typed, cleaned.
    pub promo: Option<String>,
    /// Names for the order and its tickets.
    pub opening: Opening,
    /// The form's own random text: with one that was used before, the earlier order is found.
    pub once: String,
    /// Whether the show is over.
    pub over: bool,
}

/// An order with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The order.
    pub order: Order,
    /// Its tickets.
    pub tickets: Vec<Ticket>,
    /// Its refunds.
    pub refunds: Vec<Refund>,
}

/// What was decided and stored.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The order as it is now.
    pub stored: Stored,
    /// Tickets that let nobody in any longer.
    pub revoked: Vec<TicketId>,
    /// Whether nothing was done because the event was taken in before.
    pub repeated: bool,
}

/// A ticket with its order.
#[derive(Clone, Debug)]
pub struct Found {
    /// The ticket.
    pub ticket: Ticket,
    /// Its order, with the tickets beside it.
    pub stored: Stored,
    /// Which opening of its seat is the one that counts.
    pub seat_version: u32,
}

impl Database {
    /// What a request would cost.
    ///
    /// # Errors
    /// `promo_unknown`, or why it cannot be bought.
    pub async fn shelf(&self, show: ShowId, promo: Option<&str>, over: bool) -> Result<Shelf, Fault> {
        shelf(&self.read, show, promo, over, false).await.map_err(Trouble::fault)
    }

    /// Takes the seats of a new order.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn open_sale(&self, show: ShowId, new: &NewOrder, now: WallTime) -> Result<Decided, Fault> {
        if self.locking == Locking::Off {
            return self.open_unlocked(show, new, now).await;
        }
        self.transact(|tx| async move {
            let tx = &*tx;
            if let Some(stored) = find_once(tx, show, &new.once).await? {
                return Ok(Decided { stored, revoked: Vec::new(), repeated: true });
            }
            let shelf = shelf(tx, show, new.promo.as_deref(), new.over, true).await?;
            let sale = Sale::open(&shelf, new.request.clone(), new.opening.clone(), now)?;
            store(tx, sale, &new.once, None, now).await
        })
        .await
    }

    /// The negative control: decided on what was read before the transaction.
    async fn open_unlocked(&self, show: ShowId, new: &NewOrder, now: WallTime) -> Result<Decided, Fault> {
        let shelf = &self.shelf(show, new.promo.as_deref(), new.over).await?;
        tokio::task::yield_now().await;
        self.transact(|tx| async move {
            let tx = &*tx;
            let sale = Sale::open(shelf, new.request.clone(), new.opening.clone(), now)?;
            store(tx, sale, &new.once, Some(shelf), now).await
        })
        .await
    }

    /// Has a sale take an input in, and stores what comes of it.
    ///
    /// # Errors
    /// `order_unknown`, or why the input is refused.
    pub async fn decide(
        &self,
        key: Key<'_>,
        event: Option<Event<'_>>,
        input: &Input,
        now: WallTime,
    ) -> Result<Decided, Fault> {
        let show = self.show_of(key).await?;
        self.transact(|tx| async move {
            let tx = &*tx;
            // The listing first, always: two who lock in the same order never wait for each other.
            let shelf = shelf(tx, show, None, false, true).await?;
            let row = find(tx, key).await?.ok_or_else(order_unknown)?;
            let stored = load(tx, row).await?;
            if let Some(event) = event
                && !first_time(tx, event, now).await?
            {
                return Ok(Decided { stored, revoked: Vec::new(), repeated: true });
            }
            let mut sale = Sale::load(stored.order, stored.tickets, stored.refunds);
            sale.handle(input.clone(), &shelf, now)?;
            store(tx, sale, "", None, now).await
        })
        .await
    }

    async fn show_of(&self, key: Key<'_>) -> Result<ShowId, Fault> {
        let row = find(&self.read, key).await.map_err(Trouble::fault)?.ok_or_else(order_unknown)?;
        Ok(ShowId::new(convert::id(row.show_id)))
    }

    /// An order.
    ///
    /// # Errors
    /// `order_unknown`.
    pub async fn order(&self, key: Key<'_>) -> Result<Stored, Fault> {
        let row = find(&self.read, key).await.map_err(Trouble::fault)?.ok_or_else(order_unknown)?;
        load(&self.read, row).await.map_err(Trouble::fault)
    }

    /// A ticket by its code.
    ///
    /// # Errors
    /// `ticket_unknown`.
    pub async fn ticket(&self, code: &str) -> Result<Found, Fault> {
        let row = ticket::Entity::find().filter(ticket::Column::Code.eq(code)).one(&self.read).await;
        let row = row.map_err(super::failed)?.ok_or_else(|| {
            Fault::not_found("ticket_unknown", "There is no such ticket.")
                .hint("Check that all of the link was copied.")
        })?;
        let stored = self.order(Key::Id(OrderId::new(convert::id(row.order_id)))).await?;
        let seat_version = u32::try_from(row.seat_version).unwrap_or(0);
        Ok(Found { ticket: convert::ticket(row)?, stored, seat_version })
    }

    /// Orders of a show, newest first, so many at most; `search` in address, name and number.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn orders(&self, show: ShowId, search: &str, most: usize) -> Result<Vec<Stored>, Fault> {
        let of_show = order::Entity::find().filter(order::Column::ShowId.eq(bits(show.bits())));
        let rows =
            of_show.order_by_desc(order::Column::CreatedAt).all(&self.read).await.map_err(super::failed)?;
        let search = search.trim().to_lowercase();
        let found = rows.into_iter().filter(|row| {
            let number = format!("{:016x}", convert::id(row.id));
            search.is_empty()
                || row.email.to_lowercase().contains(&search)
                || row.name.to_lowercase().contains(&search)
                || number.starts_with(&search)
        });
        self.load_all(found.take(most).collect()).await
    }

    /// Paid orders with this address, newest first, 200 at most.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn orders_of(&self, email: &str) -> Result<Vec<Stored>, Fault> {
        let theirs = order::Entity::find().filter(order::Column::Email.eq(email));
        let paid = theirs.filter(order::Column::State.eq("paid")).order_by_desc(order::Column::CreatedAt);
        let rows = paid.limit(200).all(&self.read).await.map_err(super::failed)?;
        self.load_all(rows).await
    }

    /// Ids of the orders of a show that are held or have valid tickets: who must be told when it is cancelled.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn open_orders(&self, show: ShowId) -> Result<Vec<OrderId>, Fault> {
        let of_show = bits(show.bits());
        let held = order::Entity::find().filter(order::Column::ShowId.eq(of_show));
        let held =
            held.filter(order::Column::State.eq("held")).all(&self.read).await.map_err(super::failed)?;
        let valid = ticket::Entity::find().filter(ticket::Column::ShowId.eq(of_show));
        let valid =
            valid.filter(ticket::Column::State.eq("valid")).all(&self.read).await.map_err(super::failed)?;
        let mut ids: Vec<i64> = held.into_iter().map(|row| row.id).collect();
        ids.extend(valid.into_iter().map(|row| row.order_id));
        ids.sort_unstable();
        ids.dedup();
        Ok(ids.into_iter().map(|id| OrderId::new(convert::id(id))).collect())
    }

    /// Orders whose seats are held no longer, and when the next ones are not.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn overdue(&self, now: WallTime) -> Result<(Vec<Order>, Option<WallTime>), Fault> {
        let held = order::Entity::find().filter(order::Column::State.eq("held"));
        let rows = held.order_by_asc(order::Column::HeldUntil).limit(500).all(&self.read).await;
        let (mut due, mut next) = (Vec::new(), None);
        for row in rows.map_err(super::failed)? {
            if row.held_until > now.unix_millis() {
                next = Some(convert::time(row.held_until));
                break;
            }
            due.push(convert::order(row, Vec::new())?);
        }
        Ok((due, next))
    }

    /// Held orders that a provider was asked for before `before`: a webhook may have been missed.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn unheard(&self, before: WallTime) -> Result<Vec<Order>, Fault> {
        let held = order::Entity::find()
            .filter(order::Column::State.eq("held"))
            .filter(order::Column::Checkout.is_not_null())
            .filter(order::Column::CreatedAt.lt(before.unix_millis()));
        let rows = held.limit(200).all(&self.read).await.map_err(super::failed)?;
        rows.into_iter().map(|row| convert::order(row, Vec::new())).collect()
    }

    /// Takes a ticket's seat on another screen: the version that counts from now on; none if the
    /// ticket lets nobody in.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn take_seat(&self, ticket: TicketId) -> Result<Option<u32>, Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            let it =
                ticket::Entity::find_by_id(bits(ticket.bits())).filter(ticket::Column::State.eq("valid"));
            let Some(row) = it.lock_exclusive().one(tx).await? else { return Ok(None) };
            let version = row.seat_version + 1;
            let mut active = row.into_active_model();
            active.seat_version = sea_orm::Set(version);
            active.update(tx).await?;
            Ok(u32::try_from(version).ok())
        })
        .await
    }

    async fn load_all(&self, mut rows: Vec<order::Model>) -> Result<Vec<Stored>, Fault> {
        let mut all = Vec::with_capacity(rows.len());
        // Databases take only so many values in one question.
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(1_000));
            all.append(&mut self.load_some(rows).await?);
            rows = rest;
        }
        Ok(all)
    }

    async fn load_some(&self, rows: Vec<order::Model>) -> Result<Vec<Stored>, Fault> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let of = |error| super::failed(error);
        let lines = line::Entity::find()
            .filter(line::Column::OrderId.is_in(ids.clone()))
            .all(&self.read)
            .await
            .map_err(of)?;
        let tickets = ticket::Entity::find()
            .filter(ticket::Column::OrderId.is_in(ids.clone()))
            .all(&self.read)
            .await
            .map_err(of)?;
        let refunds = refund::Entity::find()
            .filter(refund::Column::OrderId.is_in(ids))
            .all(&self.read)
            .await
            .map_err(of)?;
        rows.into_iter()
            .map(|row| {
                let id = row.id;
                let mine = tickets.iter().filter(|ticket| ticket.order_id == id).cloned();
                let back = refunds.iter().filter(|refund| refund.order_id == id).cloned();
                Ok(Stored {
                    order: convert::order(
                        row,
                        lines.iter().filter(|line| line.order_id == id).cloned().collect(),
                    )?,
                    tickets: mine.map(convert::ticket).collect::<Result<_, _>>()?,
                    refunds: back.map(convert::refund).collect::<Result<_, _>>()?,
                })
            })
            .collect()
    }
}

impl Trouble {
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::Refused(fault) => fault,
            Self::Database(error) => super::failed(error),
        }
    }
}

fn order_unknown() -> Fault {
    Fault::not_found("order_unknown", "There is no such order.")
        .hint("Check that all of the link was copied.")
}

async fn shelf<C: ConnectionTrait>(
    on: &C,
    show: ShowId,
    promo_code: Option<&str>,
    over: bool,
    lock: bool,
) -> Result<Shelf, Trouble> {
    let show = bits(show.bits());
    let mut query = listing::Entity::find_by_id(show);
    if lock {
        // SQLite has no row locks and needs none: the transaction has the whole database.
        query = query.lock_exclusive();
    }
    let row =
        query.one(on).await?.ok_or_else(|| Fault::conflict("sale_closed", "Tickets are not on sale."))?;
    let kinds = kind::Entity::find().filter(kind::Column::ShowId.eq(show)).all(on).await?;
    let promo = match promo_code {
        None => None,
        Some(code) => {
            let it = promo::Entity::find().filter(promo::Column::ShowId.eq(show));
            let row = it.filter(promo::Column::Code.eq(code)).one(on).await?;
            let row =
                row.ok_or_else(|| Fault::not_found("promo_unknown", "This promo code is not known."))?;
            Some(convert::promo(row)?)
        }
    };
    Ok(Shelf {
        listing: convert::listing(row)?,
        kinds: kinds.into_iter().map(convert::kind).collect(),
        promo,
        over,
    })
}

async fn find<C: ConnectionTrait>(on: &C, key: Key<'_>) -> Result<Option<order::Model>, Trouble> {
    let query = match key {
        Key::Id(id) => order::Entity::find_by_id(bits(id.bits())),
        Key::Code(code) => order::Entity::find().filter(order::Column::Code.eq(code)),
        Key::Checkout(checkout) => order::Entity::find().filter(order::Column::Checkout.eq(checkout)),
    };
    Ok(query.one(on).await?)
}

async fn find_once<C: ConnectionTrait>(on: &C, show: ShowId, once: &str) -> Result<Option<Stored>, Trouble> {
    let it = order::Entity::find().filter(order::Column::ShowId.eq(bits(show.bits())));
    match it.filter(order::Column::Once.eq(once)).one(on).await? {
        Some(row) => load(on, row).await.map(Some),
        None => Ok(None),
    }
}

async fn load<C: ConnectionTrait>(on: &C, row: order::Model) -> Result<Stored, Trouble> {
    let id = row.id;
    let lines = line::Entity::find().filter(line::Column::OrderId.eq(id)).all(on).await?;
    let tickets =
        ticket::Entity::find().filter(ticket::Column::OrderId.eq(id)).order_by_asc(ticket::Column::Id);
    let refunds = refund::Entity::find().filter(refund::Column::OrderId.eq(id));
    Ok(Stored {
        order: convert::order(row, lines)?,
        tickets: tickets.all(on).await?.into_iter().map(convert::ticket).collect::<Result<_, _>>()?,
        refunds: refunds.all(on).await?.into_iter().map(convert::refund).collect::<Result<_, _>>()?,
    })
}

/// Writes an event down; false if it was there.
async fn first_time(tx: &DatabaseTransaction, event: Event<'_>, now: WallTime) -> Result<bool, Trouble> {
    let row =
        event::Model { provider: event.provider.to_owned(), id: event.id.to_owned(), at: now.unix_millis() };
    let insert = event::Entity::insert(row.into_active_model()).on_conflict(
        OnConflict::columns([event::Column::Provider, event::Column::Id]).do_nothing().to_owned(),
    );
    Ok(insert.exec_without_returning(tx).await? > 0)
}

/// Stores what was decided. With `read` (the negative control) counts are written as they were read.
async fn store(
    tx: &DatabaseTransaction,
    mut sale: Sale,
    once: &str,
    read: Option<&Shelf>,
    now: WallTime,
) -> Result<Decided, Trouble> {
    let mut revoked = Vec::new();
    while let Some(change) = sale.poll() {
        match change {
            Change::Order(order) => store_order(tx, &order, once).await?,
            Change::Ticket(ticket) => store_ticket(tx, &ticket).await?,
            Change::Taken(kind, delta) => take(tx, sale.order().show, bits(kind.bits()), delta, read).await?,
            Change::Promo(promo, delta) => {
                let used = Expr::col(promo::Column::Used).add(delta);
                let update = promo::Entity::update_many().col_expr(promo::Column::Used, used);
                update.filter(promo::Column::Id.eq(bits(promo.bits()))).exec(tx).await?;
            }
            Change::Transfer(it) => {
                let row = convert::transfer_row(&it).into_active_model();
                transfer::Entity::insert(row).exec_without_returning(tx).await?;
            }
            Change::Refund(refund) => store_refund(tx, &refund).await?,
            Change::Letter(it) => {
                let row = letter_row(LetterKind::of(it), sale.order(), now)?;
                letter::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
            }
            Change::Revoke(ticket) => revoked.push(ticket),
        }
    }
    let stored = Stored {
        order: sale.order().clone(),
        tickets: sale.tickets().to_vec(),
        refunds: sale.refunds().to_vec(),
    };
    Ok(Decided { stored, revoked, repeated: false })
}

async fn store_order(tx: &DatabaseTransaction, it: &Order, once: &str) -> Result<(), Trouble> {
    if !once.is_empty() {
        let row = convert::order_row(it, once).into_active_model();
        match order::Entity::insert(row).exec_without_returning(tx).await {
            Err(error) if is_there_already(&error) => {
                return Err(Fault::conflict("order_repeated", "This order is being made already.").into());
            }
            done => done?,
        };
        let lines = convert::line_rows(it).map(sea_orm::IntoActiveModel::into_active_model);
        line::Entity::insert_many(lines).exec_without_returning(tx).await?;
        return Ok(());
    }
    let update = order::ActiveModel {
        id: sea_orm::Unchanged(bits(it.id.bits())),
        state: sea_orm::Set(it.state.name().to_owned()),
        provider: sea_orm::Set(it.provider.name().to_owned()),
        checkout: sea_orm::Set(it.checkout.clone()),
        payment: sea_orm::Set(it.payment.clone()),
        held_until: sea_orm::Set(it.held_until.unix_millis()),
        paid_at: sea_orm::Set(it.paid_at.map(WallTime::unix_millis)),
        ..Default::default()
    };
    order::Entity::update(update).exec(tx).await?;
    Ok(())
}

async fn store_ticket(tx: &DatabaseTransaction, it: &Ticket) -> Result<(), Trouble> {
    let row = convert::ticket_row(it).into_active_model();
    let there = OnConflict::column(ticket::Column::Id).update_column(ticket::Column::State).to_owned();
    ticket::Entity::insert(row).on_conflict(there).exec_without_returning(tx).await?;
    Ok(())
}

async fn store_refund(tx: &DatabaseTransaction, it: &Refund) -> Result<(), Trouble> {
    let row = convert::refund_row(it).into_active_model();
    let there = OnConflict::column(refund::Column::Id)
        .update_columns([
            refund::Column::State,
            refund::Column::Why,
            refund::Column::NextAt,
            refund::Column::Round,
        ])
        .to_owned();
    refund::Entity::insert(row).on_conflict(there).exec_without_returning(tx).await?;
    Ok(())
}

async fn take(
    tx: &DatabaseTransaction,
    show: ShowId,
    kind: i64,
    delta: i32,
    read: Option<&Shelf>,
) -> Result<(), Trouble> {
    let grown = |column: Expr, had: Option<u32>| match had {
        Some(had) => Expr::val(convert::int(had) + delta),
        None => column.add(delta),
    };
    let had =
        read.and_then(|shelf| shelf.kinds.iter().find(|it| bits(it.id.bits()) == kind)).map(|it| it.taken);
    let taken = grown(Expr::col(kind::Column::Taken), had);
    kind::Entity::update_many()
        .col_expr(kind::Column::Taken, taken)
        .filter(kind::Column::Id.eq(kind))
        .exec(tx)
        .await?;
    let taken = grown(Expr::col(listing::Column::Taken), read.map(|shelf| shelf.listing.taken));
    listing::Entity::update_many()
        .col_expr(listing::Column::Taken, taken)
        .filter(listing::Column::ShowId.eq(bits(show.bits())))
        .exec(tx)
        .await?;
    Ok(())
}

/// Names for an order and its tickets.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn random_code() -> Result<Secret, Fault> {
    crate::files::random::<16>().map(|bits| Secret::new(crate::files::hex(&bits)))
}

/// A random id.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn random_id() -> Result<u64, Fault> {
    crate::files::random::<8>().map(u64::from_le_bytes)
}

impl Database {
    /// Names for an order of so many tickets, held so long.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn opening(tickets: usize, hold: std::time::Duration) -> Result<Opening, Fault> {
        let ticket =
            |_| Ok(palco_boxoffice::NewTicket { id: TicketId::new(random_id()?), code: random_code()? });
        Ok(Opening {
            id: OrderId::new(random_id()?),
            code: random_code()?,
            tickets: (0..tickets).map(ticket).collect::<Result<_, Fault>>()?,
            hold,
        })
    }

    /// A name for a refund to be.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new_refund() -> Result<RefundId, Fault> {
        random_id().map(RefundId::new)
    }

    /// A random id for anything else.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new_id() -> Result<u64, Fault> {
        random_id()
    }

    /// 128 random bits, as text.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new_code() -> Result<Secret, Fault> {
        random_code()
    }
}

impl Database {
    /// Every ticket whose seat was ever opened or that was given back: its newest opening, and whether it is void.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn seats(&self) -> Result<Vec<(TicketId, u32, bool)>, Fault> {
        use sea_orm::Condition;
        let known =
            Condition::any().add(ticket::Column::SeatVersion.gt(0)).add(ticket::Column::State.eq("void"));
        let rows = ticket::Entity::find().filter(known).all(&self.read).await.map_err(super::failed)?;
        let seat = |row: ticket::Model| {
            let version = u32::try_from(row.seat_version).unwrap_or(0);
            (TicketId::new(convert::id(row.id)), version, row.state == "void")
        };
        Ok(rows.into_iter().map(seat).collect())
    }
}
