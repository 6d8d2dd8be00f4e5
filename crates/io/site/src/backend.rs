//! What the pages need of the rest of the server: one trait, in the box office's own types.
//!
//! The site checks *who may ask what* (sessions, codes, roles) before it calls; an implementation
//! need not check again. Faults' texts are English; pages translate by `code`.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use palco_base::{
    Fault, KindId, OrderId, PromoId, RefundId, Secret, ShareId, ShowId, StaffId, TicketId, WallTime,
};
use palco_boxoffice::{
    BuyRequest, Lang, Line, Listing, Money, Order, Promo, Provider, Quote, Refund, Share, Statement, Ticket,
    TicketKind,
};
use palco_stage::Show;
use std::sync::Arc;

/// A show as the site tells of it.
#[derive(Clone, Debug)]
pub struct ShowCard {
    /// Title, slug, description, date, phase: the stage's.
    pub show: Show,
    /// How it is offered. Shows without a listing are not sold: whoever has the link watches.
    pub listing: Option<Listing>,
    /// Its kinds of ticket, in the order of the page.
    pub kinds: Vec<TicketKind>,
    /// What its audience says of it.
    pub reputation: Reputation,
    /// How many watch now.
    pub viewers: u32,
    /// Whether there is a replay to see.
    pub replay: bool,
}

/// What the audience says of a show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reputation {
    /// Sum of the stars given, 1 to 5 each.
    pub stars: u32,
    /// How many gave stars.
    pub voices: u32,
    /// How many like it.
    pub likes: u32,
    /// How often its page was looked at.
    pub views: u64,
}

/// What one seat said of a show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rating {
    /// 1 to 5; 0 is none yet.
    pub stars: u8,
    /// Whether they like it.
    pub liked: bool,
}

/// How the buyer goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextStep {
    /// To the order: it is paid, or free.
    Order(Secret),
    /// To the demo provider's page of this order: `/pay/demo/{code}`.
    Demo(Secret),
    /// To the provider's own page.
    Elsewhere(String),
}

/// An order with its tickets and refunds.
#[derive(Clone, Debug)]
pub struct OrderView {
    /// The order.
    pub order: Order,
    /// Its tickets.
    pub tickets: Vec<Ticket>,
    /// Its refunds.
    pub refunds: Vec<Refund>,
    /// The show; none if it was deleted.
    pub card: Option<Arc<ShowCard>>,
}

/// A ticket as its holder sees it.
#[derive(Clone, Debug)]
pub struct TicketView {
    /// The ticket.
    pub ticket: Ticket,
    /// Its order.
    pub order: Order,
    /// Its kind.
    pub kind: Option<TicketKind>,
    /// The show; none if it was deleted.
    pub card: Option<Arc<ShowCard>>,
    /// What its seat said of the show.
    pub rating: Rating,
}

/// What somebody who works for the house may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Looks after the chat and the door: sees shows, nothing of money.
    Moderator,
    /// Sells, refunds one ticket, keeps the guest list.
    Cashier,
    /// Makes shows, prices, shares, statements; cancels shows.
    Producer,
    /// Everything, with the accounts of staff.
    Owner,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Moderator, Self::Cashier, Self::Producer, Self::Owner];

    /// Its name in the database and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Cashier => "cashier",
            Self::Producer => "producer",
            Self::Owner => "owner",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Somebody who works for the house.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Staff {
    /// Their id.
    pub id: StaffId,
    /// With which they sign in.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Who is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Visitor {
    /// Staff, with a password.
    Staff(Staff),
    /// Whoever can read mail to this address, by a link.
    Buyer(String),
}

/// A line of the audit log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditLine {
    /// When.
    pub at: WallTime,
    /// Who: a name, or `system`.
    pub who: String,
    /// What: a stable code such as `show_cancelled`.
    pub what: String,
    /// On what: a show's title, an order's number.
    pub on: String,
}

/// What a show sold, for its chart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SalesByDay {
    /// Day (UTC midnight), tickets, gross in minor units; days without sales are left out.
    pub days: Vec<(WallTime, u32, i64)>,
}

/// A mail as the demo shows it.
#[derive(Clone, Debug)]
pub struct MailView {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub to: String,
    /// What it says it is about.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As HTML.
    pub html: String,
    /// When it was written.
    pub at: WallTime,
    /// Whether it was sent; in the demo nothing is.
    pub sent: bool,
}

/// What the office shows first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attention {
    /// Refunds a provider refused.
    pub refunds_failed: u32,
    /// Refunds on their way.
    pub refunds_wanted: u32,
    /// Mails that could not be sent for an hour.
    pub mails_stuck: u32,
}

/// A show to be made or changed, as the form of the office gives it.
#[derive(Clone, Debug)]
pub struct ShowForm {
    /// Title.
    pub title: String,
    /// Name in addresses; none makes one of the title.
    pub slug: Option<String>,
    /// Description.
    pub description: String,
    /// When it begins.
    pub starts_at: Option<WallTime>,
    /// How it is offered; its `revision` is the one that was changed.
    pub listing: Listing,
}

/// A show's statement, one performer's share of it, and the show.
pub type OwnStatement = (Statement, Share, Arc<ShowCard>);

/// The picture of a poster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PosterSize {
    /// 1280 wide at most.
    Wide,
    /// 640 wide at most.
    Small,
}

/// The rest of the server.
pub trait BoxOffice: Send + Sync + 'static {
    // ---- the foyer: read from memory, never waits

    /// All shows, with those whose listing is a draft.
    fn cards(&self) -> Arc<[Arc<ShowCard>]>;

    /// The show with this slug.
    fn card(&self, slug: &str) -> Option<Arc<ShowCard>>;

    /// Counts a look at a show's page.
    fn viewed(&self, show: ShowId);

    /// A poster's picture (JPEG), and its entity tag.
    fn poster<'a>(&'a self, name: &'a str, size: PosterSize) -> BoxFuture<'a, Option<Bytes>>;

    /// Who can take money for this show, in the order they are offered. Empty: nobody yet.
    fn providers(&self) -> Vec<Provider>;

    /// Whether this server is a demo: mails can be read on a page.
    fn is_demo(&self) -> bool;

    // ---- buying

    /// What a request would cost, with its lines and, if `promo` counts, the promo code.
    fn quote<'a>(
        &'a self,
        show: ShowId,
        request: &'a BuyRequest,
        promo: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(Vec<Line>, Quote), Fault>>;

    /// Takes the seats and says how the buyer goes on. `once` is the form's own random text: the
    /// same form sent twice is one order.
    fn buy<'a>(
        &'a self,
        show: ShowId,
        request: BuyRequest,
        promo: Option<&'a str>,
        once: &'a str,
    ) -> BoxFuture<'a, Result<NextStep, Fault>>;

    /// The order with this code.
    fn order<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<OrderView, Fault>>;

    /// Asks the provider how an order stands: the buyer came back from its page.
    fn look_again<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<OrderView, Fault>>;

    /// The buyer of the demo provider pressed *Pay* or *Decline*.
    fn demo_pay<'a>(&'a self, code: &'a str, pays: bool) -> BoxFuture<'a, Result<OrderView, Fault>>;

    /// The buyer gives a held order up.
    fn abandon<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<(), Fault>>;

    /// A webhook of Stripe: the raw body and its signature.
    fn stripe_webhook<'a>(&'a self, body: &'a [u8], signature: &'a str) -> BoxFuture<'a, Result<(), Fault>>;

    // ---- tickets

    /// The ticket with this code.
    fn ticket<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<TicketView, Fault>>;

    /// The ticket as a PDF.
    fn ticket_pdf<'a>(
        &'a self,
        code: &'a str,
        lang: Lang,
        link: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, Fault>>;

    /// The ticket's link as a QR code, SVG.
    fn qr(&self, link: &str) -> Result<String, Fault>;

    /// A show as an iCalendar file.
    fn calendar(&self, card: &ShowCard, link: &str) -> String;

    /// The seat rates the show, once; later ones replace the earlier.
    fn rate<'a>(&'a self, code: &'a str, rating: Rating) -> BoxFuture<'a, Result<(), Fault>>;

    /// Sends the tickets of an order again, to the address it was made with.
    fn send_again<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<(), Fault>>;

    /// Notes that somebody read a show's warning and said they are old enough. `ticket` if they hold one.
    fn warned(&self, show: ShowId, ticket: Option<TicketId>) -> BoxFuture<'_, Result<(), Fault>>;

    // ---- accounts

    /// Mails a link to sign in, if there is anything to find for this address; says nothing of
    /// whether there is. `link` is the page that takes it, to which `/{token}` is added.
    fn send_sign_in<'a>(
        &'a self,
        email: &'a str,
        lang: Lang,
        link: &'a str,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Takes such a link, once; gives a session.
    fn take_sign_in<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Secret, Fault>>;

    /// Staff signs in with a password; gives a session.
    fn staff_sign_in<'a>(
        &'a self,
        email: &'a str,
        password: &'a Secret,
    ) -> BoxFuture<'a, Result<Secret, Fault>>;

    /// Whose session this is; none if it ended.
    fn visitor<'a>(&'a self, session: &'a str) -> BoxFuture<'a, Result<Option<Visitor>, Fault>>;

    /// Ends a session.
    fn sign_out<'a>(&'a self, session: &'a str) -> BoxFuture<'a, Result<(), Fault>>;

    /// All tickets that were bought with this address, newest first.
    fn tickets_of<'a>(&'a self, email: &'a str) -> BoxFuture<'a, Result<Vec<TicketView>, Fault>>;

    // ---- the office. `by` is written into the audit log.

    /// What needs somebody.
    fn attention(&self) -> BoxFuture<'_, Result<Attention, Fault>>;

    /// Makes a show with its listing.
    fn make_show<'a>(&'a self, by: &'a Staff, form: ShowForm) -> BoxFuture<'a, Result<Arc<ShowCard>, Fault>>;

    /// Changes a show; `revision_old` if somebody else did since.
    fn change_show<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        form: ShowForm,
    ) -> BoxFuture<'a, Result<Arc<ShowCard>, Fault>>;

    /// Takes a poster in, as it was uploaded.
    fn set_poster<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Makes or changes a kind of ticket (by its id).
    fn set_kind<'a>(&'a self, by: &'a Staff, kind: TicketKind) -> BoxFuture<'a, Result<(), Fault>>;

    /// Deletes a kind nobody has bought.
    fn delete_kind<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        kind: KindId,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// The promo codes of a show.
    fn promos(&self, show: ShowId) -> BoxFuture<'_, Result<Vec<Promo>, Fault>>;

    /// Makes or changes a promo code (by its id).
    fn set_promo<'a>(&'a self, by: &'a Staff, promo: Promo) -> BoxFuture<'a, Result<(), Fault>>;

    /// Deletes a promo code; orders that used it keep their price.
    fn delete_promo<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        promo: PromoId,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Who has shares of a show.
    fn shares(&self, show: ShowId) -> BoxFuture<'_, Result<Vec<Share>, Fault>>;

    /// Makes or changes a share (by its id).
    fn set_share<'a>(&'a self, by: &'a Staff, share: Share) -> BoxFuture<'a, Result<(), Fault>>;

    /// Takes a share away.
    fn delete_share<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        share: ShareId,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// The orders of a show, newest first; `search` in number, name and address.
    fn orders<'a>(&'a self, show: ShowId, search: &'a str) -> BoxFuture<'a, Result<Vec<OrderView>, Fault>>;

    /// What a show sold, day by day.
    fn sales(&self, show: ShowId) -> BoxFuture<'_, Result<SalesByDay, Fault>>;

    /// Sells or gives tickets by hand: paid in cash or by transfer (`unit` says how much), or for nothing.
    fn sell_by_hand<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        request: BuyRequest,
    ) -> BoxFuture<'a, Result<OrderView, Fault>>;

    /// Gives tickets of an order back: one, or all.
    fn refund<'a>(
        &'a self,
        by: &'a Staff,
        order: OrderId,
        ticket: Option<TicketId>,
        with_fees: bool,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Has a refund tried again that a provider refused.
    fn refund_again<'a>(
        &'a self,
        by: &'a Staff,
        order: OrderId,
        refund: RefundId,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Calls a show off: everybody gets their money back and a mail. Goes on by itself, and after a restart.
    fn cancel_show<'a>(&'a self, by: &'a Staff, show: ShowId) -> BoxFuture<'a, Result<(), Fault>>;

    /// What a show earned and whose it is.
    fn statement(&self, show: ShowId) -> BoxFuture<'_, Result<Statement, Fault>>;

    /// A show's statement and one performer's share of it, by the code of their link.
    fn statement_of<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<OwnStatement, Fault>>;

    /// The statement as a PDF; with `share`, that performer's own.
    fn statement_pdf<'a>(
        &'a self,
        show: ShowId,
        share: Option<ShareId>,
        lang: Lang,
    ) -> BoxFuture<'a, Result<Bytes, Fault>>;

    /// Writes the shares into the ledger as they are now.
    fn settle<'a>(&'a self, by: &'a Staff, show: ShowId) -> BoxFuture<'a, Result<(), Fault>>;

    /// Notes that a share, or a part of it, was paid out.
    fn pay_out<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        share: ShareId,
        amount: Money,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// The newest lines of the audit log; of one show, or of all.
    fn audit(&self, show: Option<ShowId>) -> BoxFuture<'_, Result<Vec<AuditLine>, Fault>>;

    /// Who works for the house.
    fn staff(&self) -> BoxFuture<'_, Result<Vec<Staff>, Fault>>;

    /// Whether anybody does yet: before, the admin token makes the first owner.
    fn has_staff(&self) -> BoxFuture<'_, Result<bool, Fault>>;

    /// Whether this is the admin token.
    fn is_admin(&self, token: &str) -> bool;

    /// Adds or changes an account of staff (by its address). `by` is none for the first owner.
    fn set_staff<'a>(
        &'a self,
        by: Option<&'a Staff>,
        staff: Staff,
        password: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Removes an account of staff and ends its sessions; the last owner stays.
    fn delete_staff<'a>(&'a self, by: &'a Staff, staff: StaffId) -> BoxFuture<'a, Result<(), Fault>>;

    /// A link to the show's desk, with a director's grant in it.
    fn desk_link<'a>(&'a self, by: &'a Staff, show: ShowId) -> BoxFuture<'a, Result<String, Fault>>;

    /// The mails of the demo, newest first.
    fn mails(&self) -> BoxFuture<'_, Result<Vec<MailView>, Fault>>;
}

/// There is no such thing at this address.
#[must_use]
pub fn not_here() -> Fault {
    Fault::not_found("not_here", "There is nothing at this address.")
}
