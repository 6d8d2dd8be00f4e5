//! The box office: what a seat costs, who has one, and where the money is.
//!
//! Sans-IO. A [`Sale`] is one order with its tickets and refunds: `handle(input, now)` decides,
//! `poll()` gives what changed, and `deadline()` says when time alone changes it. Whoever holds the
//! rows (`io/store`) loads a sale under a lock, hands it the input, and stores all changes in the
//! same transaction: nothing here is half-done, because nothing here is stored by halves.
//!
//! Amounts are integers in minor units of one currency (ISO 4217).

#![forbid(unsafe_code)]

mod catalogue;
mod hold;
mod ledger;
mod money;
mod order;
mod price;
mod sale;
mod share;
mod statement;
mod text;

pub use catalogue::{Age, Fee, Genre, Listing, MAX_KINDS, Promo, Sales, Tax, TicketKind, Warning};
pub use hold::{BuyRequest, NewTicket, Opening, Shelf, Wanted};
pub use ledger::{Account, Balances, Transfer};
pub use money::{Currency, MAX_AMOUNT, Money};
pub use order::{
    Buyer, Lang, Line, Order, OrderState, Payment, Provider, Refund, RefundState, Ticket, TicketState,
};
pub use price::{Discount, Quote, quote};
pub use sale::{Change, Input, Letter, Sale, Selection};
pub use share::{Share, settle, split};
pub use statement::{KindLine, ShareLine, Statement};
pub use text::{clean_email, clean_line, clean_promo, clean_text};
