//! The ledger, read: balances, statements, sales by day; and the refunds that are to be made.

use super::convert::{self, bits, time};
use super::entity::{kind, listing, order, refund, share, ticket, transfer};
use super::sale::Key;
use super::{Database, Trouble, failed};
use palco_base::{Class, Fault, KindId, ShareId, ShowId, WallTime};
use palco_boxoffice::{Account, Balances, KindLine, Money, Refund, Share, Statement, Transfer, settle};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::collections::BTreeMap;

const DAY: i64 = 86_400_000;

/// What a show sold on one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayOfSales {
    /// Midnight, UTC.
    pub day: WallTime,
    /// Tickets.
    pub tickets: u32,
    /// What buyers paid.
    pub gross: i64,
}

/// A refund that a provider is to be asked for.
#[derive(Clone, Debug)]
pub struct OpenRefund {
    /// The refund.
    pub refund: Refund,
    /// How often it was tried.
    pub tries: u32,
}

impl Database {
    /// What is on each account; of one show, or of all. Σ is 0, or the ledger is broken.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn balances(&self, show: Option<ShowId>) -> Result<Balances, Fault> {
        balances(&self.read, show).await.map_err(Trouble::fault)
    }

    /// A show's statement.
    ///
    /// # Errors
    /// `show_unlisted`, `store_failed`.
    pub async fn statement(&self, show: ShowId) -> Result<Statement, Fault> {
        self.read_statement(show).await.map_err(Trouble::fault)
    }

    async fn read_statement(&self, show: ShowId) -> Result<Statement, Trouble> {
        let id = bits(show.bits());
        let row = listing::Entity::find_by_id(id).one(&self.read).await?;
        let row = row.ok_or_else(|| Fault::not_found("show_unlisted", "This show has no listing yet."))?;
        let currency = convert::listing(row)?.currency;
        let transfers = transfer::Entity::find().filter(transfer::Column::ShowId.eq(id));
        let (mut gross, mut refunds) = (0, 0);
        let mut on_account = Balances::default();
        for row in transfers.all(&self.read).await? {
            let (debit, credit) = accounts(&row)?;
            on_account.add(debit, -row.amount);
            on_account.add(credit, row.amount);
            gross += if matches!(debit, Account::Provider(_)) { row.amount } else { 0 };
            refunds += if matches!(credit, Account::RefundsDue(_)) { row.amount } else { 0 };
        }
        let kinds =
            kind::Entity::find().filter(kind::Column::ShowId.eq(id)).order_by_asc(kind::Column::Position);
        let mut lines: Vec<KindLine> = kinds
            .all(&self.read)
            .await?
            .into_iter()
            .map(|row| KindLine {
                kind: KindId::new(convert::id(row.id)),
                name: row.name,
                sold: 0,
                refunded: 0,
                gross: 0,
            })
            .collect();
        for row in ticket::Entity::find().filter(ticket::Column::ShowId.eq(id)).all(&self.read).await? {
            let Some(line) = lines.iter_mut().find(|line| bits(line.kind.bits()) == row.kind_id) else {
                continue;
            };
            match row.state.as_str() {
                "valid" => {
                    line.sold += 1;
                    line.gross += row.net + row.fees + row.tax;
                }
                "void" => line.refunded += 1,
                _ => {}
            }
        }
        let shares = shares(&self.read, show).await?;
        Ok(Statement::new(show, currency, &on_account, (gross, refunds), lines, &shares))
    }

    /// Writes the shares of a show into the ledger as they are now.
    ///
    /// # Errors
    /// `show_unlisted`, `store_failed`.
    pub async fn settle(&self, show: ShowId, now: WallTime) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            let id = bits(show.bits());
            let row = listing::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
            let row =
                row.ok_or_else(|| Fault::not_found("show_unlisted", "This show has no listing yet."))?;
            let currency = convert::listing(row)?.currency;
            let settled = transfer::Entity::find().filter(transfer::Column::ShowId.eq(id));
            let settled = settled.filter(transfer::Column::Key.starts_with("settle:")).count(tx).await?;
            // Grows with every entry, so it was never used before.
            let turn = u32::try_from(settled).unwrap_or(u32::MAX);
            let (balances, shares) = (balances(tx, Some(show)).await?, shares(tx, show).await?);
            for transfer in settle(show, &balances, &shares, currency, turn, now) {
                let row = convert::transfer_row(&transfer).into_active_model();
                transfer::Entity::insert(row).exec_without_returning(tx).await?;
            }
            Ok(())
        })
        .await
    }

    /// Notes that (a part of) a share was paid out: no more than is settled and due.
    ///
    /// # Errors
    /// `payout_too_large`, `share_unknown`.
    pub async fn pay_out(
        &self,
        show: ShowId,
        share: ShareId,
        amount: Money,
        now: WallTime,
    ) -> Result<(), Fault> {
        let key = &format!("payout:{}", Self::new_id()?);
        self.transact(|tx| async move {
            let tx = &*tx;
            let id = bits(show.bits());
            listing::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
            let account = Account::Share(show, share);
            let due = balances(tx, Some(show)).await?.of(account);
            if amount.minor <= 0 || amount.minor > due {
                return Err(Fault::conflict("payout_too_large", "That much is not due.")
                    .hint("Settle the show first: only what is settled is paid out.")
                    .into());
            }
            let transfer = Transfer {
                key: key.clone(),
                at: now,
                debit: account,
                credit: Account::Payout(show, share),
                amount: amount.minor,
                currency: amount.currency,
                order: None,
            };
            transfer::Entity::insert(convert::transfer_row(&transfer).into_active_model())
                .exec_without_returning(tx)
                .await?;
            Ok(())
        })
        .await
    }

    /// What a show sold, day by day.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn sales_by_day(&self, show: ShowId) -> Result<Vec<DayOfSales>, Fault> {
        let paid = order::Entity::find().filter(order::Column::ShowId.eq(bits(show.bits())));
        let paid = paid.filter(order::Column::State.eq("paid")).all(&self.read).await.map_err(failed)?;
        let tickets = ticket::Entity::find().filter(ticket::Column::ShowId.eq(bits(show.bits())));
        let tickets =
            tickets.filter(ticket::Column::State.ne("held")).all(&self.read).await.map_err(failed)?;
        let mut by_order: BTreeMap<i64, u32> = BTreeMap::new();
        for row in tickets {
            *by_order.entry(row.order_id).or_default() += 1;
        }
        let mut days: BTreeMap<i64, (u32, i64)> = BTreeMap::new();
        for row in paid {
            let day = row.paid_at.unwrap_or(row.created_at).div_euclid(DAY) * DAY;
            let entry = days.entry(day).or_default();
            entry.0 += by_order.get(&row.id).copied().unwrap_or(0);
            entry.1 += row.total;
        }
        Ok(days
            .into_iter()
            .map(|(day, (tickets, gross))| DayOfSales { day: time(day), tickets, gross })
            .collect())
    }

    /// Refunds that providers are to be asked for now.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn refunds_due(&self, now: WallTime, most: u64) -> Result<Vec<OpenRefund>, Fault> {
        let wanted = refund::Entity::find()
            .filter(refund::Column::State.eq("wanted"))
            .filter(refund::Column::NextAt.lte(now.unix_millis()));
        let rows =
            wanted.order_by_asc(refund::Column::NextAt).limit(most).all(&self.read).await.map_err(failed)?;
        rows.into_iter()
            .map(|row| {
                let tries = u32::try_from(row.tries).unwrap_or(0);
                Ok(OpenRefund { refund: convert::refund(row)?, tries })
            })
            .collect()
    }

    /// Notes that the provider could not be asked: again then.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn refund_later(&self, it: &OpenRefund, again: WallTime) -> Result<(), Fault> {
        let tries = i32::try_from(it.tries.saturating_add(1)).unwrap_or(i32::MAX);
        let update = refund::Entity::update_many()
            .col_expr(refund::Column::NextAt, Expr::value(again.unix_millis()))
            .col_expr(refund::Column::Tries, Expr::value(tries))
            .filter(refund::Column::Id.eq(bits(it.refund.id.bits())));
        update.exec(&self.write).await.map(drop).map_err(failed)
    }

    /// How many refunds are on their way, and how many a provider refused.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn refunds_open(&self) -> Result<(u32, u32), Fault> {
        let count = async |state: &str| {
            let of = refund::Entity::find().filter(refund::Column::State.eq(state));
            let count = of.count(&self.read).await.map_err(failed)?;
            Ok::<_, Fault>(u32::try_from(count).unwrap_or(u32::MAX))
        };
        Ok((count("wanted").await?, count("failed").await?))
    }

    /// Cancelled shows that still have orders to be given back: a restart in the middle goes on with these.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn cancelled_unfinished(&self) -> Result<Vec<ShowId>, Fault> {
        let rows = listing::Entity::find().filter(listing::Column::Sales.eq("cancelled"));
        let mut unfinished = Vec::new();
        for row in rows.all(&self.read).await.map_err(failed)? {
            let show = ShowId::new(convert::id(row.show_id));
            if row.taken > 0 && !self.open_orders(show).await?.is_empty() {
                unfinished.push(show);
            }
        }
        Ok(unfinished)
    }

    /// All that must always hold of a show's books; what does not, in words. For tests and `palco check`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn broken_books(&self, show: ShowId) -> Result<Vec<String>, Fault> {
        let mut broken = Vec::new();
        let all = self.balances(None).await?;
        if all.sum() != 0 {
            broken.push(format!("debits and credits differ by {}", all.sum()));
        }
        let stored = self.orders(show, "", usize::MAX).await?;
        let valid = |it: &super::Stored| {
            it.tickets.iter().filter(|t| t.state == palco_boxoffice::TicketState::Valid).count()
        };
        let (mut seats, mut earned, mut fees, mut tax) = (0_usize, 0, 0, 0);
        for it in &stored {
            let held = it.order.state == palco_boxoffice::OrderState::Held;
            seats += if held { it.tickets.len() } else { valid(it) };
            for ticket in it.tickets.iter().filter(|t| t.state == palco_boxoffice::TicketState::Valid) {
                (earned, fees, tax) = (earned + ticket.net, fees + ticket.fees, tax + ticket.tax);
            }
        }
        if let Some(rows) = self.show(show).await? {
            if usize::try_from(rows.listing.taken).ok() != Some(seats) {
                broken.push(format!("{} seats are taken, {seats} are held or sold", rows.listing.taken));
            }
            if rows.listing.seats.is_some_and(|most| seats > usize::try_from(most).unwrap_or(0)) {
                broken.push(format!("oversold: {seats} of {:?}", rows.listing.seats));
            }
        }
        let statement = self.statement(show).await?;
        if (statement.net, statement.tax) != (earned, tax) || statement.fees < fees {
            broken.push(format!(
                "the ledger has net {}, fees {}, tax {}; the valid tickets {earned}, {fees}, {tax}",
                statement.net, statement.fees, statement.tax
            ));
        }
        let shared: i64 = statement.shares.iter().map(|share| share.earned).sum();
        if shared + statement.house != statement.net.max(0) {
            broken.push(format!("shares {shared} and house {} are not {}", statement.house, statement.net));
        }
        Ok(broken)
    }

    /// The refund by its order, for a provider that tells of refunds by their payment.
    ///
    /// # Errors
    /// `order_unknown`.
    pub async fn refunds_of(&self, key: Key<'_>) -> Result<Vec<Refund>, Fault> {
        Ok(self.order(key).await?.refunds)
    }
}

async fn shares<C: ConnectionTrait>(on: &C, show: ShowId) -> Result<Vec<Share>, Trouble> {
    let of_show = share::Entity::find().filter(share::Column::ShowId.eq(bits(show.bits())));
    Ok(of_show.order_by_asc(share::Column::Name).all(on).await?.into_iter().map(convert::share).collect())
}

fn accounts(row: &transfer::Model) -> Result<(Account, Account), Trouble> {
    let account = |text: &str| {
        text.parse().map_err(|_| {
            Fault::new(Class::Internal, "store_failed", "The books hold something that cannot be read.")
                .internal(text)
        })
    };
    Ok((account(&row.debit)?, account(&row.credit)?))
}

async fn balances<C: ConnectionTrait>(on: &C, show: Option<ShowId>) -> Result<Balances, Trouble> {
    let mut balances = Balances::default();
    let of = show.map_or_else(Condition::all, |show| {
        Condition::all().add(transfer::Column::ShowId.eq(bits(show.bits())))
    });
    for row in transfer::Entity::find().filter(of).all(on).await? {
        let (debit, credit) = accounts(&row)?;
        balances.add(debit, -row.amount);
        balances.add(credit, row.amount);
    }
    Ok(balances)
}
