//! Listings, kinds of ticket, promo codes, shares, and what the audience says.

use super::convert::{self, bits};
use super::entity::{consent, kind, listing, look, order, promo, rating, share, ticket};
use super::sale::random_id;
use super::{Database, Trouble, failed, is_there_already};
use palco_base::{Fault, KindId, PromoId, ShareId, ShowId, TicketId, WallTime};
use palco_boxoffice::{Listing, MAX_KINDS, Promo, Sales, Share, TicketKind};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Statement,
};
use std::collections::HashMap;

/// What the audience says of a show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reputation {
    /// Sum of the stars.
    pub stars: u32,
    /// How many gave stars.
    pub voices: u32,
    /// How many like it.
    pub likes: u32,
    /// How often its page was looked at.
    pub views: u64,
}

/// What the books say of a show to everybody.
#[derive(Clone, Debug)]
pub struct ShowRows {
    /// How it is offered.
    pub listing: Listing,
    /// Its kinds, in the order of the page.
    pub kinds: Vec<TicketKind>,
    /// What its audience says.
    pub reputation: Reputation,
}

impl Database {
    /// What the books say of all shows.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn all_shows(&self) -> Result<HashMap<ShowId, ShowRows>, Fault> {
        let listings = listing::Entity::find().all(&self.read).await.map_err(failed)?;
        let mut all = HashMap::new();
        for row in listings {
            let listing = convert::listing(row)?;
            let rows = ShowRows { listing, kinds: Vec::new(), reputation: Reputation::default() };
            all.insert(rows.listing.show, rows);
        }
        let of = |id: i64| ShowId::new(convert::id(id));
        let kinds = kind::Entity::find().order_by_asc(kind::Column::Position).order_by_asc(kind::Column::Id);
        for row in kinds.all(&self.read).await.map_err(failed)? {
            if let Some(rows) = all.get_mut(&of(row.show_id)) {
                rows.kinds.push(convert::kind(row));
            }
        }
        for (show, said) in self.reputations(None).await? {
            if let Some(rows) = all.get_mut(&show) {
                rows.reputation = said;
            }
        }
        for row in look::Entity::find().all(&self.read).await.map_err(failed)? {
            if let Some(rows) = all.get_mut(&of(row.show_id)) {
                rows.reputation.views = convert::id(row.count);
            }
        }
        Ok(all)
    }

    /// What the books say of one show to everybody; none if it is not listed.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn show(&self, show: ShowId) -> Result<Option<ShowRows>, Fault> {
        let id = bits(show.bits());
        let Some(row) = listing::Entity::find_by_id(id).one(&self.read).await.map_err(failed)? else {
            return Ok(None);
        };
        let kinds =
            kind::Entity::find().filter(kind::Column::ShowId.eq(id)).order_by_asc(kind::Column::Position);
        let kinds = kinds.order_by_asc(kind::Column::Id).all(&self.read).await.map_err(failed)?;
        let mut reputation = self.reputations(Some(show)).await?.remove(&show).unwrap_or_default();
        let looks = look::Entity::find_by_id(id).one(&self.read).await.map_err(failed)?;
        reputation.views = looks.map_or(0, |row| convert::id(row.count));
        let kinds = kinds.into_iter().map(convert::kind).collect();
        Ok(Some(ShowRows { listing: convert::listing(row)?, kinds, reputation }))
    }

    /// What the audience says, of one show or of all; counted by the database.
    async fn reputations(&self, show: Option<ShowId>) -> Result<HashMap<ShowId, Reputation>, Fault> {
        let sum = |what: &str| format!("CAST(COALESCE(SUM({what}), 0) AS BIGINT)");
        let of = show.map_or_else(String::new, |show| format!(" WHERE show_id = {}", bits(show.bits())));
        let sql = format!(
            "SELECT show_id, {} AS stars, {} AS voices, {} AS likes FROM ratings{of} GROUP BY show_id",
            sum("stars"),
            sum("CASE WHEN stars > 0 THEN 1 ELSE 0 END"),
            sum("CASE WHEN liked THEN 1 ELSE 0 END"),
        );
        let rows =
            self.read.query_all_raw(Statement::from_string(self.backend(), sql)).await.map_err(failed)?;
        let mut all = HashMap::new();
        for row in rows {
            let number = |name: &str| row.try_get::<i64>("", name).map_err(failed);
            let count = |name: &str| Ok::<_, Fault>(u32::try_from(number(name)?).unwrap_or(0));
            let said = Reputation {
                stars: count("stars")?,
                voices: count("voices")?,
                likes: count("likes")?,
                views: 0,
            };
            all.insert(ShowId::new(convert::id(number("show_id")?)), said);
        }
        Ok(all)
    }

    /// Makes a listing or changes it; what is sold is left as it is. Its `revision` must be the one that is stored
    /// (0 for a new one); it grows.
    ///
    /// # Errors
    /// `revision_old`, `currency_fixed`, `seats_taken`.
    pub async fn set_listing(&self, new: &Listing) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            let there = locked(tx, new.show).await?;
            let had = there.as_ref().map_or(0, |there| there.revision);
            if had != new.revision {
                return Err(Fault::conflict("revision_old", "Somebody else changed this show meanwhile.")
                    .hint("Look at what they changed, then send yours again.")
                    .into());
            }
            let mut row = convert::listing_row(new);
            row.revision = convert::int(had + 1);
            row.taken = 0;
            if let Some(there) = there {
                row.taken = convert::int(there.taken);
                if there.currency != new.currency && sold_any(tx, new.show).await? {
                    return Err(
                        Fault::conflict("currency_fixed", "Tickets were sold in another currency.").into()
                    );
                }
                if there.sales == Sales::Cancelled && new.sales != Sales::Cancelled {
                    return Err(Fault::conflict("show_cancelled", "This show was cancelled.").into());
                }
                if new.seats.is_some_and(|seats| seats < there.taken) {
                    return Err(Fault::conflict("seats_taken", "More seats are sold than that.")
                        .hint("Refund some first, or allow more.")
                        .into());
                }
                listing::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
            } else {
                listing::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
            }
            Ok(())
        })
        .await
    }

    /// Calls a show off: nothing is sold from then on. False if it was already.
    ///
    /// # Errors
    /// `show_unlisted`.
    pub async fn cancel_listing(&self, show: ShowId) -> Result<bool, Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            let mut there = locked(tx, show).await?.ok_or_else(unlisted)?;
            if there.sales == Sales::Cancelled {
                return Ok(false);
            }
            there.sales = Sales::Cancelled;
            there.revision += 1;
            listing::Entity::update(convert::listing_row(&there).into_active_model().reset_all())
                .exec(tx)
                .await?;
            Ok(true)
        })
        .await
    }

    /// Says which files are a show's poster.
    ///
    /// # Errors
    /// `show_unlisted`.
    pub async fn set_poster(&self, show: ShowId, poster: Option<String>) -> Result<(), Fault> {
        let update = listing::Entity::update_many().col_expr(listing::Column::Poster, Expr::value(poster));
        let update = update.filter(listing::Column::ShowId.eq(bits(show.bits())));
        let done = update.exec(&self.write).await.map_err(failed)?;
        if done.rows_affected == 0 { Err(unlisted()) } else { Ok(()) }
    }

    /// Makes a kind of ticket or changes it; how many are taken is left as it is.
    ///
    /// # Errors
    /// `too_many_kinds`, `show_unlisted`, `seats_taken`.
    pub async fn set_kind(&self, new: &TicketKind) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            locked(tx, new.show).await?.ok_or_else(unlisted)?;
            let mut row = convert::kind_row(new);
            if let Some(there) = kind::Entity::find_by_id(row.id).one(tx).await? {
                if there.show_id != row.show_id {
                    return Err(Fault::conflict("kind_of_other", "This is a ticket of another show.").into());
                }
                row.taken = there.taken;
                if row.seats.is_some_and(|seats| seats < row.taken) {
                    return Err(
                        Fault::conflict("seats_taken", "More of these tickets are sold than that.").into()
                    );
                }
                kind::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
                return Ok(());
            }
            let others = kind::Entity::find().filter(kind::Column::ShowId.eq(row.show_id)).count(tx).await?;
            if usize::try_from(others).unwrap_or(usize::MAX) >= MAX_KINDS {
                return Err(
                    Fault::conflict("too_many_kinds", "A show has 20 kinds of ticket at most.").into()
                );
            }
            row.taken = 0;
            kind::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
            Ok(())
        })
        .await
    }

    /// Deletes a kind nobody ever ordered.
    ///
    /// # Errors
    /// `kind_sold`.
    pub async fn delete_kind(&self, show: ShowId, id: KindId) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            locked(tx, show).await?;
            let id = bits(id.bits());
            if ticket::Entity::find().filter(ticket::Column::KindId.eq(id)).count(tx).await? > 0 {
                return Err(Fault::conflict("kind_sold", "Somebody has ordered such a ticket.")
                    .hint("Take it off sale instead.")
                    .into());
            }
            let it = kind::Entity::delete_many().filter(kind::Column::Id.eq(id));
            it.filter(kind::Column::ShowId.eq(bits(show.bits()))).exec(tx).await?;
            Ok(())
        })
        .await
    }

    /// The promo codes of a show.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn promos(&self, show: ShowId) -> Result<Vec<Promo>, Fault> {
        let of_show = promo::Entity::find().filter(promo::Column::ShowId.eq(bits(show.bits())));
        let rows = of_show.order_by_asc(promo::Column::Code).all(&self.read).await.map_err(failed)?;
        rows.into_iter().map(convert::promo).collect()
    }

    /// Makes a promo code or changes it; how often it was used is left as it is.
    ///
    /// # Errors
    /// `promo_there`: the show has this code already.
    pub async fn set_promo(&self, new: &Promo) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            locked(tx, new.show).await?.ok_or_else(unlisted)?;
            let mut row = convert::promo_row(new);
            row.used = 0;
            let there = promo::Entity::find_by_id(row.id).one(tx).await?;
            let done = if let Some(there) = there {
                row.used = there.used;
                promo::Entity::update(row.into_active_model().reset_all()).exec(tx).await.map(drop)
            } else {
                promo::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.map(drop)
            };
            match done {
                Err(error) if is_there_already(&error) => {
                    Err(Fault::conflict("promo_there", "The show has this promo code already.").into())
                }
                done => Ok(done?),
            }
        })
        .await
    }

    /// Deletes a promo code.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_promo(&self, show: ShowId, id: PromoId) -> Result<(), Fault> {
        let it = promo::Entity::delete_many().filter(promo::Column::Id.eq(bits(id.bits())));
        let it = it.filter(promo::Column::ShowId.eq(bits(show.bits())));
        it.exec(&self.write).await.map(drop).map_err(failed)
    }

    /// Who has shares of a show, in the order of their names.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn shares(&self, show: ShowId) -> Result<Vec<Share>, Fault> {
        let of_show = share::Entity::find().filter(share::Column::ShowId.eq(bits(show.bits())));
        let rows = of_show.order_by_asc(share::Column::Name).all(&self.read).await.map_err(failed)?;
        Ok(rows.into_iter().map(convert::share).collect())
    }

    /// Makes a share or changes it.
    ///
    /// # Errors
    /// `shares_too_large`, or what else does not fit.
    pub async fn set_share(&self, new: &Share) -> Result<(), Fault> {
        self.transact(|tx| async move {
            let tx = &*tx;
            locked(tx, new.show).await?.ok_or_else(unlisted)?;
            let of_show = share::Entity::find().filter(share::Column::ShowId.eq(bits(new.show.bits())));
            let others: Vec<Share> = of_show.all(tx).await?.into_iter().map(convert::share).collect();
            let checked = new.clone().checked(&others)?;
            let mut row = convert::share_row(&checked);
            if let Some(there) = others.iter().find(|other| other.id == new.id) {
                row.code = there.code.reveal().to_owned();
                share::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
            } else {
                share::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
            }
            Ok(())
        })
        .await
    }

    /// Takes a share away.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_share(&self, show: ShowId, id: ShareId) -> Result<(), Fault> {
        let it = share::Entity::delete_many().filter(share::Column::Id.eq(bits(id.bits())));
        let it = it.filter(share::Column::ShowId.eq(bits(show.bits())));
        it.exec(&self.write).await.map(drop).map_err(failed)
    }

    /// The share with this code.
    ///
    /// # Errors
    /// `share_unknown`.
    pub async fn share(&self, code: &str) -> Result<Share, Fault> {
        let row = share::Entity::find().filter(share::Column::Code.eq(code)).one(&self.read).await;
        let row = row.map_err(failed)?;
        row.map(convert::share)
            .ok_or_else(|| Fault::not_found("share_unknown", "There is no such statement."))
    }

    /// What a seat says of a show; later words replace earlier ones.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn rate(&self, ticket: TicketId, show: ShowId, stars: u8, liked: bool) -> Result<(), Fault> {
        let row = rating::Model {
            ticket_id: bits(ticket.bits()),
            show_id: bits(show.bits()),
            stars: i32::from(stars.clamp(0, 5)),
            liked,
        };
        let there = OnConflict::column(rating::Column::TicketId)
            .update_columns([rating::Column::Stars, rating::Column::Liked])
            .to_owned();
        let insert = rating::Entity::insert(row.into_active_model()).on_conflict(there);
        insert.exec_without_returning(&self.write).await.map(drop).map_err(failed)
    }

    /// What a seat said: stars (0 is none) and whether it likes the show.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn rating(&self, ticket: TicketId) -> Result<(u8, bool), Fault> {
        let row = rating::Entity::find_by_id(bits(ticket.bits())).one(&self.read).await.map_err(failed)?;
        Ok(row.map_or((0, false), |row| (u8::try_from(row.stars).unwrap_or(0), row.liked)))
    }

    /// Adds looks at a show's page.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn looked(&self, show: ShowId, times: u32) -> Result<(), Fault> {
        let row = look::Model { show_id: bits(show.bits()), count: i64::from(times) };
        let more = Expr::col((look::Entity, look::Column::Count)).add(times);
        let there = OnConflict::column(look::Column::ShowId).value(look::Column::Count, more).to_owned();
        let insert = look::Entity::insert(row.into_active_model()).on_conflict(there);
        insert.exec_without_returning(&self.write).await.map(drop).map_err(failed)
    }

    /// Notes that somebody read a show's warning and wants to see it.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn warned(&self, show: ShowId, ticket: Option<TicketId>, now: WallTime) -> Result<(), Fault> {
        let row = consent::Model {
            id: bits(random_id()?),
            show_id: bits(show.bits()),
            ticket_id: ticket.map(|ticket| bits(ticket.bits())),
            at: now.unix_millis(),
        };
        let insert = consent::Entity::insert(row.into_active_model());
        insert.exec_without_returning(&self.write).await.map(drop).map_err(failed)
    }
}

fn unlisted() -> Fault {
    Fault::not_found("show_unlisted", "This show has no listing yet.")
}

async fn locked(tx: &DatabaseTransaction, show: ShowId) -> Result<Option<Listing>, Trouble> {
    let row = listing::Entity::find_by_id(bits(show.bits())).lock_exclusive().one(tx).await?;
    Ok(row.map(convert::listing).transpose()?)
}

async fn sold_any(tx: &DatabaseTransaction, show: ShowId) -> Result<bool, Trouble> {
    let of_show = order::Entity::find().filter(order::Column::ShowId.eq(bits(show.bits())));
    Ok(of_show.count(tx).await? > 0)
}
