//! The tables, as SeaORM sees them. Ids are the bits of ours; times are ms since the epoch; amounts are
//! minor units. What they look like in the database is in `schema`.

#![allow(missing_docs, unreachable_pub)] // Columns: what they hold is said in `palco_boxoffice`.

macro_rules! no_relations {
    () => {
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    };
}

/// How a show is offered.
pub(crate) mod listing {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "listings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub show_id: i64,
        pub revision: i32,
        pub summary: String,
        pub performers: String,
        pub genre: String,
        pub minutes: i32,
        pub time_zone: String,
        pub warning: String,
        pub age: i32,
        pub poster: Option<String>,
        pub currency: String,
        pub fee_basis_points: i32,
        pub fee_fixed: i64,
        pub tax_name: String,
        pub tax_basis_points: i32,
        pub tax_included: bool,
        pub seats: Option<i32>,
        pub taken: i32,
        pub sales: String,
    }

    no_relations!();
}

/// A kind of ticket.
pub(crate) mod kind {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ticket_kinds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub show_id: i64,
        pub name: String,
        pub description: String,
        pub price: i64,
        pub pay_what_you_want: bool,
        pub replay: bool,
        pub face_to_face: bool,
        pub seats: Option<i32>,
        pub taken: i32,
        pub on_sale: bool,
        pub position: i32,
    }

    no_relations!();
}

/// A promo code.
pub(crate) mod promo {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "promos")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub show_id: i64,
        pub code: String,
        pub percent: Option<i32>,
        pub amount: Option<i64>,
        pub uses: Option<i32>,
        pub used: i32,
        pub until: Option<i64>,
    }

    no_relations!();
}

/// Somebody's share of the revenue.
pub(crate) mod share {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shares")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub show_id: i64,
        pub name: String,
        pub email: String,
        pub basis_points: i32,
        pub code: String,
    }

    no_relations!();
}

/// An order.
pub(crate) mod order {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "orders")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub code: String,
        pub show_id: i64,
        pub once: String,
        pub state: String,
        pub email: String,
        pub name: String,
        pub lang: String,
        pub promo_id: Option<i64>,
        pub currency: String,
        pub prices: i64,
        pub discount: i64,
        pub fees: i64,
        pub tax: i64,
        pub tax_included: bool,
        pub total: i64,
        pub provider: String,
        pub checkout: Option<String>,
        pub payment: Option<String>,
        pub created_at: i64,
        pub held_until: i64,
        pub paid_at: Option<i64>,
    }

    no_relations!();
}

/// So many tickets of one kind in an order.
pub(crate) mod line {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_lines")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub order_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        pub kind_id: i64,
        pub name: String,
        pub quantity: i32,
        pub unit: i64,
    }

    no_relations!();
}

/// A ticket: one seat.
pub(crate) mod ticket {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tickets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub code: String,
        pub order_id: i64,
        pub show_id: i64,
        pub kind_id: i64,
        pub state: String,
        pub net: i64,
        pub fees: i64,
        pub tax: i64,
        pub seat_version: i32,
    }

    no_relations!();
}

/// An entry of the ledger: never changed, never deleted.
pub(crate) mod transfer {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "transfers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub at: i64,
        pub debit: String,
        pub credit: String,
        pub amount: i64,
        pub currency: String,
        pub show_id: Option<i64>,
        pub order_id: Option<i64>,
    }

    no_relations!();
}

/// A sum on its way back.
pub(crate) mod refund {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refunds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub order_id: i64,
        pub show_id: i64,
        pub amount: i64,
        pub currency: String,
        pub payment: String,
        pub provider: String,
        pub reason: String,
        pub state: String,
        pub why: String,
        pub created_at: i64,
        pub next_at: i64,
        pub tries: i32,
        pub round: i32,
    }

    no_relations!();
}

/// What a provider told us, once.
pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "payment_events")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub provider: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub at: i64,
    }

    no_relations!();
}

/// A mail to be sent, or that was.
pub(crate) mod letter {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "letters")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub kind: String,
        pub order_id: Option<i64>,
        pub refund_id: Option<i64>,
        pub token: Option<String>,
        pub to_address: String,
        pub lang: String,
        pub state: String,
        pub tries: i32,
        pub next_at: i64,
        pub created_at: i64,
        pub subject: String,
        pub text: String,
        pub html: String,
    }

    no_relations!();
}

/// An account of the office.
pub(crate) mod staff {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub email: String,
        pub name: String,
        pub role: String,
        pub password: String,
    }

    no_relations!();
}

/// Somebody who is signed in.
pub(crate) mod session {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token: String,
        pub staff_id: Option<i64>,
        pub email: Option<String>,
        pub expires_at: i64,
    }

    no_relations!();
}

/// A link to sign in with, once.
pub(crate) mod link {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token: String,
        pub email: String,
        pub expires_at: i64,
    }

    no_relations!();
}

/// What a seat said of a show.
pub(crate) mod rating {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ratings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ticket_id: i64,
        pub show_id: i64,
        pub stars: i32,
        pub liked: bool,
    }

    no_relations!();
}

/// How often a show's page was looked at.
pub(crate) mod look {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "looks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub show_id: i64,
        pub count: i64,
    }

    no_relations!();
}

/// Somebody read a show's warning.
pub(crate) mod consent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub show_id: i64,
        pub ticket_id: Option<i64>,
        pub at: i64,
    }

    no_relations!();
}

/// What staff did.
pub(crate) mod audit {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub at: i64,
        pub who: String,
        pub what: String,
        pub on_what: String,
        pub show_id: Option<i64>,
    }

    no_relations!();
}
