//! The pages people read: the foyer (shows, tickets) and the office, rendered on the server.

#![forbid(unsafe_code)]

mod backend;

pub use backend::{
    Attention, AuditLine, BoxOffice, MailView, NextStep, OrderView, PosterSize, Rating, Reputation, Role,
    SalesByDay, ShowCard, ShowForm, Staff, TicketView, Visitor, not_here,
};
