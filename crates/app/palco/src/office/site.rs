//! What the pages ask for, answered.

use super::Office;
use super::letters::when;
use crate::clock;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use palco_base::{
    Class, Fault, KindId, OrderId, PromoId, RefundId, Secret, ShareId, ShowId, StaffId, TicketId, WallTime,
};
use palco_boxoffice::{
    BuyRequest, Input, Lang, Line, Listing, Money, Order, OrderState, Payment, Promo, Provider, Quote, Share,
    Statement, Ticket, TicketKind, TicketState,
};
use palco_print::{CalendarEntry, Labelled, Row, StatementPaper, TicketPaper};
use palco_site::{
    Attention, AuditLine, BoxOffice, MailView, NextStep, OrderView, PosterSize, Rating, SalesByDay, ShowCard,
    ShowForm, Staff, TicketView, Visitor,
};
use palco_stage::{Canvas, Command, Door, NewShow, ShowPatch};
use palco_store::{Database, Key, LetterKind, NewLetter};
use palco_web::{Backend as _, Right};
use std::sync::Arc;
use std::time::Duration;

/// A director's grant that staff asks for.
const DIRECTS: Duration = Duration::from_secs(12 * 3600);
/// Orders that a page lists at most; the others are found by searching.
const LISTED: usize = 500;
/// How long a letter may wait before the office shows it.
const STUCK: u64 = 3600;

fn now() -> WallTime {
    clock::now().wall
}

fn gone() -> Fault {
    Fault::not_found("unknown_show", "There is no such show.")
}

impl Office {
    pub(super) fn title(&self, show: ShowId) -> String {
        self.card_of(show).map_or_else(|| show.to_string(), |card| card.show.title.clone())
    }

    async fn ticket_view(&self, code: &str) -> Result<TicketView, Fault> {
        let found = self.books.ticket(code).await?;
        let (stars, liked) = self.books.rating(found.ticket.id).await?;
        Ok(self.seen(found.ticket, found.stored.order, Rating { stars, liked }))
    }

    fn seen(&self, ticket: Ticket, order: Order, rating: Rating) -> TicketView {
        let card = self.card_of(ticket.show);
        let kind =
            card.as_ref().and_then(|card| card.kinds.iter().find(|kind| kind.id == ticket.kind).cloned());
        TicketView { ticket, order, kind, card, rating }
    }

    /// A ticket on paper.
    pub(super) fn paper(
        &self,
        ticket: &Ticket,
        order: &Order,
        card: Option<&ShowCard>,
        lang: Lang,
        link: &str,
    ) -> Result<Vec<u8>, Fault> {
        let fonts = self.fonts.as_ref().ok_or_else(no_paper)?;
        let said = |label: [&str; 2], text: String| Labelled {
            label: label[usize::from(lang == Lang::Es)].to_owned(),
            text,
        };
        let zone = card.and_then(|card| card.listing.as_ref()).map_or("UTC", |listing| &listing.time_zone);
        let starts = card.and_then(|card| card.show.starts_at);
        let kind = order.lines.iter().find(|line| line.kind == ticket.kind).map(|line| line.name.clone());
        let paid = Money::new(ticket.paid(), order.quote.currency);
        let free = if lang == Lang::Es { "Gratis" } else { "Free" };
        let paper = TicketPaper {
            language: lang.tag().to_owned(),
            house: "Palco".to_owned(),
            title: card.map_or_else(String::new, |card| card.show.title.clone()),
            date: starts.map_or_else(String::new, |starts| when(starts, zone, lang)),
            holder: said(["Name", "Nombre"], order.buyer.name.clone()),
            kind: said(["Ticket", "Boleto"], kind.unwrap_or_default()),
            order: said(["Order", "Pedido"], order.number()),
            price: said(["Paid", "Pagado"], if paid.minor == 0 { free.to_owned() } else { paid.full() }),
            code: link.to_owned(),
            note: if lang == Lang::Es {
                "Un boleto, una pantalla a la vez. Quien tiene el código tiene el lugar."
            } else {
                "One ticket, one screen at a time. Whoever has the code has the seat."
            }
            .to_owned(),
        };
        palco_print::ticket_pdf(&paper, fonts)
    }

    pub(super) fn calendar_file(&self, card: &ShowCard, link: &str) -> String {
        let starts = card.show.starts_at.unwrap_or_default();
        let minutes = card.listing.as_ref().map_or(0, |listing| listing.minutes);
        let length = i64::from(if minutes == 0 { 90 } else { minutes }) * 60_000;
        let sales = card.listing.as_ref().map(|listing| listing.sales);
        palco_print::calendar(&CalendarEntry {
            uid: format!("{}@palco", card.show.id),
            sequence: card.listing.as_ref().map_or(0, |listing| listing.revision),
            stamp: now(),
            starts,
            ends: WallTime::from_unix_millis(starts.unix_millis() + length),
            title: card.show.title.clone(),
            description: card.listing.as_ref().map_or_else(String::new, |listing| listing.summary.clone()),
            url: link.to_owned(),
            organizer: ("Palco".to_owned(), self.mail_from.address.clone()),
            cancelled: sales == Some(palco_boxoffice::Sales::Cancelled),
        })
    }

    async fn announce(&self, by: &Staff, form: ShowForm) -> Result<Arc<ShowCard>, Fault> {
        let listing = form.listing.checked()?;
        zone_known(&listing)?;
        let new = NewShow {
            id: ShowId::new(Database::new_id()?),
            seed: Database::new_id()?,
            slug: form.slug,
            title: form.title,
            description: form.description,
            starts_at: form.starts_at,
            max_on_air: None,
            canvas: Canvas::default(),
            door: Door::Grant,
        };
        let snapshot = self.house.create(new).await?;
        let show = snapshot.show.id;
        self.books.set_listing(&Listing { show, revision: 0, ..listing }).await?;
        self.foyer.read(&self.books, show).await?;
        self.note(Some(by), "show_made", &snapshot.show.title, Some(show)).await?;
        self.card_of(show).ok_or_else(gone)
    }

    async fn change(&self, by: &Staff, show: ShowId, form: ShowForm) -> Result<Arc<ShowCard>, Fault> {
        let card = self.card_of(show).ok_or_else(gone)?;
        let listing = form.listing.checked()?;
        zone_known(&listing)?;
        let cancels = listing.sales == palco_boxoffice::Sales::Cancelled;
        if cancels && card.listing.as_ref().is_none_or(|it| it.sales != palco_boxoffice::Sales::Cancelled) {
            return Err(Fault::conflict("cancel_apart", "A show is cancelled by its own button."));
        }
        // The books first: they know whether somebody else was faster. Nothing is changed then.
        let poster = card.listing.as_ref().and_then(|listing| listing.poster.clone());
        self.books.set_listing(&Listing { show, poster, ..listing }).await?;
        let patch = ShowPatch {
            slug: form.slug.filter(|slug| *slug != card.show.slug),
            title: Some(form.title),
            description: Some(form.description),
            starts_at: Some(form.starts_at),
            door: Some(Door::Grant),
            ..ShowPatch::default()
        };
        let snapshot = self.house.command(show, Command::PatchShow(patch)).await;
        self.foyer.read(&self.books, show).await?;
        self.note(Some(by), "show_changed", &snapshot?.show.title, Some(show)).await?;
        self.card_of(show).ok_or_else(gone)
    }

    /// A change of a show's books, told to the foyer and to the log.
    async fn changed(
        &self,
        by: &Staff,
        what: &str,
        show: ShowId,
        done: Result<(), Fault>,
    ) -> Result<(), Fault> {
        done?;
        self.foyer.read(&self.books, show).await?;
        self.note(Some(by), what, &self.title(show), Some(show)).await
    }

    async fn by_hand(&self, by: &Staff, show: ShowId, mut request: BuyRequest) -> Result<OrderView, Fault> {
        request.by_staff = true;
        request.provider = Provider::Manual;
        let quantity: usize = request.wanted.iter().map(|wanted| wanted.quantity as usize).sum();
        let new = palco_store::NewOrder {
            promo: None,
            opening: Database::opening(quantity.min(200), Duration::from_secs(60))?,
            once: Database::new_code()?.reveal().to_owned(),
            over: self.is_over(show),
            request,
        };
        let mut sold = self.books.open_sale(show, &new, now()).await?;
        if sold.stored.order.state == OrderState::Held {
            let order = &sold.stored.order;
            let payment = Payment {
                provider: Provider::Manual,
                reference: format!("manual_{}", order.id),
                amount: order.quote.total_money(),
            };
            let input = Input::Paid { payment, spare: Database::new_refund()? };
            sold = self.books.decide(Key::Id(order.id), None, &input, now()).await?;
        }
        self.told(&sold).await;
        self.note(Some(by), "sold_by_hand", &sold.stored.order.number(), Some(show)).await?;
        Ok(self.view(sold.stored))
    }

    fn statement_paper(
        &self,
        statement: &Statement,
        share: Option<ShareId>,
        lang: Lang,
    ) -> Result<Bytes, Fault> {
        let fonts = self.fonts.as_ref().ok_or_else(no_paper)?;
        let say = |en: &str, es: &str| if lang == Lang::Es { es } else { en }.to_owned();
        let money = |minor: i64| Money::new(minor, statement.currency).full();
        let row = |label: String, minor: i64| Row { label, amount: money(minor) };
        let mut rows = vec![
            row(say("Paid by buyers", "Pagado por el público"), statement.gross),
            row(say("Refunds", "Reembolsos"), -statement.refunds),
            row(say("Fees", "Cargos"), -statement.fees),
            row(say("Tax", "Impuesto"), -statement.tax),
            row(say("To be shared", "Por repartir"), statement.net),
        ];
        let theirs = statement.shares.iter().filter(|line| share.is_none_or(|share| line.share == share));
        let mut totals = Vec::new();
        for line in theirs {
            let percent = f64::from(line.basis_points) / 100.0;
            rows.push(row(format!("{} ({percent} %)", line.name), line.earned));
            rows.push(row(format!("{}: {}", line.name, say("paid out", "pagado")), -line.paid_out));
            totals.push(row(format!("{}: {}", line.name, say("due", "por pagar")), line.due()));
        }
        if share.is_none() {
            rows.push(row(say("The house", "La casa"), statement.house));
        }
        let paper = StatementPaper {
            language: lang.tag().to_owned(),
            title: format!("{}: {}", say("Statement", "Liquidación"), self.title(statement.show)),
            about: vec![when(now(), "UTC", lang)],
            columns: Row { label: String::new(), amount: statement.currency.code().to_owned() },
            rows,
            totals,
            page: say("Page", "Página"),
        };
        palco_print::statement_pdf(&paper, fonts).map(Bytes::from)
    }
}

fn no_paper() -> Fault {
    Fault::unavailable("paper_missing", "Papers cannot be printed here: the pages were not built.")
}

fn zone_known(listing: &Listing) -> Result<(), Fault> {
    jiff::tz::TimeZone::get(&listing.time_zone).map(drop).map_err(|_| {
        Fault::invalid("zone_unknown", "This time zone is not known.")
            .hint("Write it as America/Mexico_City.")
    })
}

impl BoxOffice for Office {
    fn cards(&self) -> Arc<[Arc<ShowCard>]> {
        Arc::clone(&self.foyer.cards(&self.house).all)
    }

    fn card(&self, slug: &str) -> Option<Arc<ShowCard>> {
        self.foyer.cards(&self.house).slug(slug)
    }

    fn viewed(&self, show: ShowId) {
        self.foyer.looked(show);
    }

    fn poster<'a>(&'a self, name: &'a str, size: PosterSize) -> BoxFuture<'a, Option<Bytes>> {
        Box::pin(self.poster_of(name, size))
    }

    fn providers(&self) -> Vec<Provider> {
        self.ways_to_pay()
    }

    fn is_demo(&self) -> bool {
        self.demo
    }

    fn quote<'a>(
        &'a self,
        show: ShowId,
        request: &'a BuyRequest,
        promo: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(Vec<Line>, Quote), Fault>> {
        Box::pin(self.price(show, request, promo))
    }

    fn buy<'a>(
        &'a self,
        show: ShowId,
        request: BuyRequest,
        promo: Option<&'a str>,
        once: &'a str,
    ) -> BoxFuture<'a, Result<NextStep, Fault>> {
        Box::pin(self.sell(show, request, promo, once))
    }

    fn order<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<OrderView, Fault>> {
        Box::pin(self.order_view(code))
    }

    fn look_again<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<OrderView, Fault>> {
        Box::pin(self.look_at(code))
    }

    fn demo_pay<'a>(&'a self, code: &'a str, pays: bool) -> BoxFuture<'a, Result<OrderView, Fault>> {
        Box::pin(self.pay_demo(code, pays))
    }

    fn abandon<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.give_up(code))
    }

    fn stripe_webhook<'a>(&'a self, body: &'a [u8], signature: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.webhook(body, signature))
    }

    fn ticket<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<TicketView, Fault>> {
        Box::pin(self.ticket_view(code))
    }

    fn ticket_pdf<'a>(
        &'a self,
        code: &'a str,
        lang: Lang,
        link: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, Fault>> {
        Box::pin(async move {
            let it = self.ticket_view(code).await?;
            let pdf = self.paper(&it.ticket, &it.order, it.card.as_deref(), lang, link)?;
            Ok(Bytes::from(pdf))
        })
    }

    fn qr(&self, link: &str) -> Result<String, Fault> {
        palco_print::qr_svg(link)
    }

    fn calendar(&self, card: &ShowCard, link: &str) -> String {
        self.calendar_file(card, link)
    }

    fn rate<'a>(&'a self, code: &'a str, rating: Rating) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let found = self.books.ticket(code).await?;
            if found.ticket.state != TicketState::Valid {
                return Err(super::ticket_void());
            }
            let show = found.ticket.show;
            let begun =
                self.card_of(show).is_some_and(|card| card.show.phase != palco_stage::Phase::Scheduled);
            if !begun {
                return Err(Fault::conflict("show_early", "The show has not begun yet."));
            }
            self.books.rate(found.ticket.id, show, rating.stars, rating.liked).await?;
            self.foyer.read(&self.books, show).await
        })
    }

    fn send_again<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let order = self.books.order(Key::Code(code)).await?.order;
            if order.state != OrderState::Paid {
                return Err(Fault::conflict("order_unpaid", "This order is not paid."));
            }
            let (to, lang) = (order.buyer.email.clone(), order.buyer.lang);
            let letter =
                NewLetter { kind: LetterKind::Tickets, order: Some(order.id), token: None, to, lang };
            self.books.write_letter(letter, now()).await
        })
    }

    fn warned(&self, show: ShowId, ticket: Option<TicketId>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.books.warned(show, ticket, now()))
    }

    fn send_sign_in<'a>(
        &'a self,
        email: &'a str,
        lang: Lang,
        _link: &'a str,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.mail_link(email, lang))
    }

    fn take_sign_in<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Secret, Fault>> {
        Box::pin(self.take_link(token))
    }

    fn staff_sign_in<'a>(
        &'a self,
        email: &'a str,
        password: &'a Secret,
    ) -> BoxFuture<'a, Result<Secret, Fault>> {
        Box::pin(self.sign_in_staff(email, password))
    }

    fn visitor<'a>(&'a self, session: &'a str) -> BoxFuture<'a, Result<Option<Visitor>, Fault>> {
        Box::pin(self.whose(session))
    }

    fn sign_out<'a>(&'a self, session: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.books.end_session(session))
    }

    fn tickets_of<'a>(&'a self, email: &'a str) -> BoxFuture<'a, Result<Vec<TicketView>, Fault>> {
        Box::pin(async move {
            let mut tickets = Vec::new();
            for stored in self.books.orders_of(email).await? {
                for ticket in stored.tickets {
                    tickets.push(self.seen(ticket, stored.order.clone(), Rating::default()));
                }
            }
            Ok(tickets)
        })
    }

    fn attention(&self) -> BoxFuture<'_, Result<Attention, Fault>> {
        Box::pin(async move {
            let (refunds_wanted, refunds_failed) = self.books.refunds_open().await?;
            let before = WallTime::from_unix_seconds(now().unix_seconds().saturating_sub(STUCK));
            let mails_stuck = self.books.letters_stuck(before).await?;
            Ok(Attention { refunds_failed, refunds_wanted, mails_stuck })
        })
    }

    fn make_show<'a>(&'a self, by: &'a Staff, form: ShowForm) -> BoxFuture<'a, Result<Arc<ShowCard>, Fault>> {
        Box::pin(self.announce(by, form))
    }

    fn change_show<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        form: ShowForm,
    ) -> BoxFuture<'a, Result<Arc<ShowCard>, Fault>> {
        Box::pin(self.change(by, show, form))
    }

    fn set_poster<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.hang_poster(by, show, bytes))
    }

    fn set_kind<'a>(&'a self, by: &'a Staff, kind: TicketKind) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let kind = kind.checked()?;
            let done = self.books.set_kind(&kind).await;
            self.changed(by, "kind_set", kind.show, done).await
        })
    }

    fn delete_kind<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        kind: KindId,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let done = self.books.delete_kind(show, kind).await;
            self.changed(by, "kind_deleted", show, done).await
        })
    }

    fn promos(&self, show: ShowId) -> BoxFuture<'_, Result<Vec<Promo>, Fault>> {
        Box::pin(self.books.promos(show))
    }

    fn set_promo<'a>(&'a self, by: &'a Staff, promo: Promo) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let promo = promo.checked()?;
            let done = self.books.set_promo(&promo).await;
            self.changed(by, "promo_set", promo.show, done).await
        })
    }

    fn delete_promo<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        promo: PromoId,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let done = self.books.delete_promo(show, promo).await;
            self.changed(by, "promo_deleted", show, done).await
        })
    }

    fn shares(&self, show: ShowId) -> BoxFuture<'_, Result<Vec<Share>, Fault>> {
        Box::pin(self.books.shares(show))
    }

    fn set_share<'a>(&'a self, by: &'a Staff, share: Share) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let done = self.books.set_share(&share).await;
            self.changed(by, "share_set", share.show, done).await
        })
    }

    fn delete_share<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        share: ShareId,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let done = self.books.delete_share(show, share).await;
            self.changed(by, "share_deleted", show, done).await
        })
    }

    fn orders<'a>(&'a self, show: ShowId, search: &'a str) -> BoxFuture<'a, Result<Vec<OrderView>, Fault>> {
        Box::pin(async move {
            let found = self.books.orders(show, search, LISTED).await?;
            Ok(found.into_iter().map(|stored| self.view(stored)).collect())
        })
    }

    fn sales(&self, show: ShowId) -> BoxFuture<'_, Result<SalesByDay, Fault>> {
        Box::pin(async move {
            let days = self.books.sales_by_day(show).await?;
            Ok(SalesByDay { days: days.into_iter().map(|day| (day.day, day.tickets, day.gross)).collect() })
        })
    }

    fn sell_by_hand<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        request: BuyRequest,
    ) -> BoxFuture<'a, Result<OrderView, Fault>> {
        Box::pin(self.by_hand(by, show, request))
    }

    fn refund<'a>(
        &'a self,
        by: &'a Staff,
        order: OrderId,
        ticket: Option<TicketId>,
        with_fees: bool,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let done = self.give_back(order, ticket, with_fees, reason).await?;
            let order = &done.stored.order;
            self.note(Some(by), "refunded", &order.number(), Some(order.show)).await
        })
    }

    fn refund_again<'a>(
        &'a self,
        by: &'a Staff,
        order: OrderId,
        refund: RefundId,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let done = self.decide(Key::Id(order), None, &Input::RefundAgain(refund)).await?;
            let order = &done.stored.order;
            self.note(Some(by), "refund_again", &order.number(), Some(order.show)).await
        })
    }

    fn cancel_show<'a>(&'a self, by: &'a Staff, show: ShowId) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            if self.books.cancel_listing(show).await? {
                self.note(Some(by), "show_cancelled", &self.title(show), Some(show)).await?;
            }
            self.foyer.read(&self.books, show).await?;
            // The clerk gives everybody their money back; he goes on after a restart too.
            self.bell.notify_one();
            Ok(())
        })
    }

    fn statement(&self, show: ShowId) -> BoxFuture<'_, Result<Statement, Fault>> {
        Box::pin(self.books.statement(show))
    }

    fn statement_of<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<(Statement, Share, Arc<ShowCard>), Fault>> {
        Box::pin(async move {
            let share = self.books.share(code).await?;
            let statement = self.books.statement(share.show).await?;
            let card = self.card_of(share.show).ok_or_else(gone)?;
            Ok((statement, share, card))
        })
    }

    fn statement_pdf<'a>(
        &'a self,
        show: ShowId,
        share: Option<ShareId>,
        lang: Lang,
    ) -> BoxFuture<'a, Result<Bytes, Fault>> {
        Box::pin(async move { self.statement_paper(&self.books.statement(show).await?, share, lang) })
    }

    fn settle<'a>(&'a self, by: &'a Staff, show: ShowId) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            self.books.settle(show, now()).await?;
            self.note(Some(by), "settled", &self.title(show), Some(show)).await
        })
    }

    fn pay_out<'a>(
        &'a self,
        by: &'a Staff,
        show: ShowId,
        share: ShareId,
        amount: Money,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            // Only what is in the ledger as theirs is paid out.
            self.books.settle(show, now()).await?;
            self.books.pay_out(show, share, amount, now()).await?;
            self.note(Some(by), "paid_out", &self.title(show), Some(show)).await
        })
    }

    fn audit(&self, show: Option<ShowId>) -> BoxFuture<'_, Result<Vec<AuditLine>, Fault>> {
        Box::pin(async move {
            let lines = self.books.notes(show).await?;
            let line =
                |it: palco_store::Audit| AuditLine { at: it.at, who: it.who, what: it.what, on: it.on };
            Ok(lines.into_iter().map(line).collect())
        })
    }

    fn staff(&self) -> BoxFuture<'_, Result<Vec<Staff>, Fault>> {
        Box::pin(self.everybody())
    }

    fn has_staff(&self) -> BoxFuture<'_, Result<bool, Fault>> {
        Box::pin(async move { Ok(!self.everybody().await?.is_empty()) })
    }

    fn is_admin(&self, token: &str) -> bool {
        self.house.admin_token().matches(token)
    }

    fn set_staff<'a>(
        &'a self,
        by: Option<&'a Staff>,
        staff: Staff,
        password: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.hire(by, staff, password))
    }

    fn delete_staff<'a>(&'a self, by: &'a Staff, staff: StaffId) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            self.books.delete_staff(staff).await?;
            self.note(Some(by), "staff_deleted", &staff.to_string(), None).await
        })
    }

    fn desk_link<'a>(&'a self, by: &'a Staff, show: ShowId) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let card = self.card_of(show).ok_or_else(gone)?;
            let issued = self.house.issue(Right::Direct(show), DIRECTS)?;
            self.note(Some(by), "desk_opened", &card.show.title, Some(show)).await?;
            Ok(format!("{}/desk/{}#k={}", self.site, card.show.slug, issued.token.reveal()))
        })
    }

    fn mails(&self) -> BoxFuture<'_, Result<Vec<MailView>, Fault>> {
        Box::pin(async move {
            if !self.demo {
                return Err(Fault::new(
                    Class::Forbidden,
                    "not_allowed",
                    "Mails are read where they were sent to.",
                ));
            }
            let letters = self.books.letters_sent(100).await?;
            let view = |it: palco_store::Letter| MailView {
                id: it.id,
                to: it.to,
                subject: it.subject,
                text: it.text,
                html: it.html,
                at: it.created_at,
                sent: self.mailer.is_some(),
            };
            Ok(letters.into_iter().map(view).collect())
        })
    }
}
