//! The box office of the season: answers from memory.

use super::{ADMIN, BUYER, JAZZ, SESSION, STATEMENT, Season, now, open, owner};
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use palco_base::{
    Fault, KindId, OrderId, PromoId, RefundId, Secret, ShareId, ShowId, StaffId, TicketId, WallTime,
};
use palco_boxoffice::{
    BuyRequest, KindLine, Lang, Line, Listing, Money, OrderState, Promo, Provider, Quote, Share, ShareLine,
    Shelf, Statement, TicketKind, TicketState, clean_promo,
};
use palco_site::{
    Attention, AuditLine, BoxOffice, MailView, NextStep, OrderView, PosterSize, Rating, Role, SalesByDay,
    ShowCard, ShowForm, Staff, TicketView, Visitor, not_here,
};
use std::sync::Arc;

type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

fn say<'a, T: Send + 'a>(answer: Result<T, Fault>) -> Answer<'a, T> {
    Box::pin(ready(answer))
}

impl Season {
    fn of(&self, show: ShowId) -> Result<Arc<ShowCard>, Fault> {
        let state = self.state.lock().unwrap();
        state.cards.iter().find(|card| card.show.id == show).cloned().ok_or_else(not_here)
    }

    fn note(&self, call: impl Into<String>) {
        self.state.lock().unwrap().calls.push(call.into());
    }

    fn shelf(&self, show: ShowId, promo: Option<&str>) -> Result<Shelf, Fault> {
        let card = self.of(show)?;
        let promo = match promo.map(clean_promo).transpose()? {
            None => None,
            Some(code) => {
                let state = self.state.lock().unwrap();
                let known = state.promos.iter().find(|it| it.code == code && it.show == show).cloned();
                Some(
                    known
                        .ok_or_else(|| Fault::invalid("promo_unknown", "We do not know this promo code."))?,
                )
            }
        };
        let over = card.show.phase == palco_stage::Phase::Over;
        Ok(Shelf { listing: card.listing.clone().unwrap(), kinds: card.kinds.clone(), promo, over })
    }

    fn view(&self, code: &str) -> Result<OrderView, Fault> {
        let state = self.state.lock().unwrap();
        state.orders.iter().find(|view| view.order.code.matches(code)).cloned().ok_or_else(not_here)
    }

    fn paid(&self, code: &str, pays: bool) -> Result<OrderView, Fault> {
        let mut state = self.state.lock().unwrap();
        let view = state.orders.iter_mut().find(|view| view.order.code.matches(code)).ok_or_else(not_here)?;
        view.order.state = if pays { OrderState::Paid } else { OrderState::Lapsed };
        for ticket in &mut view.tickets {
            ticket.state = if pays { TicketState::Valid } else { TicketState::Void };
        }
        Ok(view.clone())
    }

    fn ticket_view(&self, view: &OrderView, at: usize) -> TicketView {
        let ticket = view.tickets[at].clone();
        let kind = view
            .card
            .as_ref()
            .and_then(|card| card.kinds.iter().find(|kind| kind.id == ticket.kind).cloned());
        let rating =
            self.state.lock().unwrap().ratings.get(ticket.code.reveal()).copied().unwrap_or_default();
        TicketView { ticket, order: view.order.clone(), kind, card: view.card.clone(), rating }
    }

    fn change(&self, show: ShowId, change: impl FnOnce(&mut ShowCard)) -> Result<Arc<ShowCard>, Fault> {
        let mut state = self.state.lock().unwrap();
        let at = state.cards.iter().position(|card| card.show.id == show).ok_or_else(not_here)?;
        let mut card = ShowCard::clone(&state.cards[at]);
        change(&mut card);
        state.cards[at] = Arc::new(card);
        Ok(state.cards[at].clone())
    }

    fn with_form(&self, show: ShowId, form: ShowForm) -> Result<Arc<ShowCard>, Fault> {
        self.change(show, |card| {
            (card.show.title, card.show.description) = (form.title, form.description);
            card.show.starts_at = form.starts_at;
            card.listing = Some(Listing { show, revision: form.listing.revision + 1, ..form.listing });
        })
    }
}

impl BoxOffice for Season {
    fn cards(&self) -> Arc<[Arc<ShowCard>]> {
        self.state.lock().unwrap().cards.clone().into()
    }
    fn card(&self, slug: &str) -> Option<Arc<ShowCard>> {
        self.state.lock().unwrap().cards.iter().find(|card| card.show.slug == slug).cloned()
    }
    fn viewed(&self, _: ShowId) {}
    fn poster(&self, name: &str, _: PosterSize) -> BoxFuture<'_, Option<Bytes>> {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/season").join(format!("{name}.jpg"));
        Box::pin(ready(std::fs::read(path).ok().map(Bytes::from)))
    }
    fn providers(&self) -> Vec<Provider> {
        vec![Provider::Demo, Provider::Stripe]
    }
    fn is_demo(&self) -> bool {
        true
    }
    fn quote<'a>(
        &'a self,
        show: ShowId,
        request: &'a BuyRequest,
        promo: Option<&'a str>,
    ) -> Answer<'a, (Vec<Line>, Quote)> {
        say(self.shelf(show, promo).and_then(|shelf| {
            let (lines, quote) = shelf.quote(request, now())?;
            shelf.room(&lines).map(|()| (lines, quote))
        }))
    }
    fn buy<'a>(
        &'a self,
        show: ShowId,
        request: BuyRequest,
        promo: Option<&'a str>,
        once: &'a str,
    ) -> Answer<'a, NextStep> {
        let made = self.shelf(show, promo).and_then(|shelf| {
            let card = self.of(show)?;
            let mut state = self.state.lock().unwrap();
            state.next += 1;
            state.bought.push((request.clone(), promo.map(str::to_owned), once.to_owned()));
            let code = format!("order-bought-{:012}", state.next);
            let view = open(&shelf, request, state.next, &code, Some(card))?;
            let next = if view.order.quote.total == 0 {
                NextStep::Order(Secret::new(&code))
            } else {
                NextStep::Demo(Secret::new(&code))
            };
            state.orders.push(view);
            Ok(next)
        });
        say(made)
    }
    fn order<'a>(&'a self, code: &'a str) -> Answer<'a, OrderView> {
        say(self.view(code))
    }
    fn look_again<'a>(&'a self, code: &'a str) -> Answer<'a, OrderView> {
        say(self.view(code))
    }
    fn demo_pay<'a>(&'a self, code: &'a str, pays: bool) -> Answer<'a, OrderView> {
        say(self.paid(code, pays))
    }
    fn abandon<'a>(&'a self, code: &'a str) -> Answer<'a, ()> {
        say(self.paid(code, false).map(drop))
    }
    fn stripe_webhook<'a>(&'a self, body: &'a [u8], signature: &'a str) -> Answer<'a, ()> {
        let refused = Fault::invalid("signature_wrong", "This is not signed by Stripe.");
        say(if signature == "good" && !body.is_empty() { Ok(()) } else { Err(refused) })
    }
    fn ticket<'a>(&'a self, code: &'a str) -> Answer<'a, TicketView> {
        let orders = self.state.lock().unwrap().orders.clone();
        let found = orders.iter().find_map(|view| {
            view.tickets
                .iter()
                .position(|ticket| ticket.code.matches(code))
                .map(|at| self.ticket_view(view, at))
        });
        say(found.ok_or_else(not_here))
    }
    fn ticket_pdf<'a>(&'a self, code: &'a str, _: Lang, _: &'a str) -> Answer<'a, Bytes> {
        Box::pin(async move { self.ticket(code).await.map(|_| Bytes::from_static(b"%PDF-1.7")) })
    }
    fn qr(&self, link: &str) -> Result<String, Fault> {
        // Looks like one; only the box office's own can be read.
        let mut path = String::new();
        let bits = link
            .bytes()
            .fold(0x9e37_79b9_7f4a_7c15_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let mut seed = bits;
        for at in 0..29 * 29 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let (x, y) = (at % 29, at / 29);
            let corner = |a: i32, b: i32| (a..a + 7).contains(&x) && (b..b + 7).contains(&y);
            if !corner(0, 0) && !corner(22, 0) && !corner(0, 22) && seed & 1 == 0 {
                path += &format!("M{x} {y}h1v1h-1z");
            }
        }
        for (x, y) in [(0, 0), (22, 0), (0, 22)] {
            path += &format!("M{x} {y}h7v7h-7zM{} {}v5h5v-5zM{} {}h3v3h-3z", x + 1, y + 1, x + 2, y + 2);
        }
        Ok(format!(
            "<svg viewBox=\"-2 -2 33 33\" xmlns=\"http://www.w3.org/2000/svg\"><path d=\"{path}\"/></svg>"
        ))
    }
    fn calendar(&self, card: &ShowCard, link: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nSUMMARY:{}\r\nURL:{link}\r\nEND:VCALENDAR\r\n", card.show.slug)
    }
    fn rate<'a>(&'a self, code: &'a str, rating: Rating) -> Answer<'a, ()> {
        self.state.lock().unwrap().ratings.insert(code.to_owned(), rating);
        say(Ok(()))
    }
    fn send_again<'a>(&'a self, code: &'a str) -> Answer<'a, ()> {
        say(self.view(code).map(drop))
    }
    fn warned(&self, show: ShowId, ticket: Option<TicketId>) -> Answer<'_, ()> {
        self.state.lock().unwrap().warned.push((show, ticket));
        say(Ok(()))
    }
    fn send_sign_in<'a>(&'a self, email: &'a str, _: Lang, link: &'a str) -> Answer<'a, ()> {
        self.state.lock().unwrap().links.push(format!("{email} {link}"));
        say(Ok(()))
    }
    fn take_sign_in<'a>(&'a self, token: &'a str) -> Answer<'a, Secret> {
        let used = Fault::not_found("link_used", "This link was used already, or is too old.");
        say(if token == "token-from-the-mail" { Ok(Secret::new(BUYER)) } else { Err(used) })
    }
    fn staff_sign_in<'a>(&'a self, email: &'a str, password: &'a Secret) -> Answer<'a, Secret> {
        let right = email == "clara@example.com" && password.matches("correct horse");
        let wrong = Fault::invalid("sign_in_wrong", "That address and password do not go together.");
        say(if right { Ok(Secret::new(SESSION)) } else { Err(wrong) })
    }
    fn visitor<'a>(&'a self, session: &'a str) -> Answer<'a, Option<Visitor>> {
        say(Ok(match session {
            SESSION => Some(Visitor::Staff(owner(*self.role.lock().unwrap()))),
            BUYER => Some(Visitor::Buyer("marisol@example.com".into())),
            _ => None,
        }))
    }
    fn sign_out<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        say(Ok(()))
    }
    fn tickets_of<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<TicketView>> {
        let orders = self.state.lock().unwrap().orders[..3].to_vec();
        say(Ok(orders.iter().map(|view| self.ticket_view(view, 0)).collect()))
    }
    fn attention(&self) -> Answer<'_, Attention> {
        say(Ok(Attention { refunds_failed: 1, refunds_wanted: 2, mails_stuck: 0 }))
    }
    fn make_show<'a>(&'a self, _: &'a Staff, form: ShowForm) -> Answer<'a, Arc<ShowCard>> {
        let mut card = ShowCard::clone(&self.card(JAZZ).unwrap());
        card.show.id = ShowId::new(0x999);
        card.show.slug = form.slug.clone().unwrap_or_else(|| "new-show".into());
        card.kinds.clear();
        self.state.lock().unwrap().cards.push(Arc::new(card));
        say(self.with_form(ShowId::new(0x999), form))
    }
    fn change_show<'a>(&'a self, _: &'a Staff, show: ShowId, form: ShowForm) -> Answer<'a, Arc<ShowCard>> {
        let known = self.of(show).unwrap().listing.as_ref().unwrap().revision;
        if known != form.listing.revision {
            return say(Err(Fault::conflict(
                "revision_old",
                "Somebody else changed this since you opened it.",
            )));
        }
        say(self.with_form(show, form))
    }
    fn set_poster<'a>(&'a self, _: &'a Staff, show: ShowId, bytes: Bytes) -> Answer<'a, ()> {
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return say(Err(Fault::unprocessable(
                "poster_not_picture",
                "This is not a picture we can read.",
            )));
        }
        self.note(format!("poster {} {show}", bytes.len()));
        say(Ok(()))
    }
    fn set_kind<'a>(&'a self, _: &'a Staff, kind: TicketKind) -> Answer<'a, ()> {
        self.note(format!("kind {} {}", kind.name, kind.price));
        say(Ok(()))
    }
    fn delete_kind<'a>(&'a self, _: &'a Staff, _: ShowId, kind: KindId) -> Answer<'a, ()> {
        self.note(format!("delete kind {kind}"));
        say(Ok(()))
    }
    fn promos(&self, show: ShowId) -> Answer<'_, Vec<Promo>> {
        let state = self.state.lock().unwrap();
        say(Ok(state.promos.iter().filter(|it| it.show == show).cloned().collect()))
    }
    fn set_promo<'a>(&'a self, _: &'a Staff, promo: Promo) -> Answer<'a, ()> {
        self.state.lock().unwrap().promos.push(promo);
        say(Ok(()))
    }
    fn delete_promo<'a>(&'a self, _: &'a Staff, _: ShowId, promo: PromoId) -> Answer<'a, ()> {
        self.note(format!("delete promo {promo}"));
        say(Ok(()))
    }
    fn shares(&self, show: ShowId) -> Answer<'_, Vec<Share>> {
        let state = self.state.lock().unwrap();
        say(Ok(state.shares.iter().filter(|it| it.show == show).cloned().collect()))
    }
    fn set_share<'a>(&'a self, _: &'a Staff, share: Share) -> Answer<'a, ()> {
        self.state.lock().unwrap().shares.push(share);
        say(Ok(()))
    }
    fn delete_share<'a>(&'a self, _: &'a Staff, _: ShowId, share: ShareId) -> Answer<'a, ()> {
        self.note(format!("delete share {share}"));
        say(Ok(()))
    }
    fn orders<'a>(&'a self, show: ShowId, search: &'a str) -> Answer<'a, Vec<OrderView>> {
        let state = self.state.lock().unwrap();
        let hit = |view: &&OrderView| {
            let order = &view.order;
            let text = format!("{} {} {} {}", order.id, order.number(), order.buyer.name, order.buyer.email)
                .to_lowercase();
            order.show == show && text.contains(&search.to_lowercase())
        };
        say(Ok(state.orders.iter().filter(hit).cloned().collect()))
    }
    fn sales(&self, _: ShowId) -> Answer<'_, SalesByDay> {
        let today = now().unix_millis() / 86_400_000 * 86_400_000;
        let sold = [3_u32, 5, 2, 8, 4, 0, 6, 11, 7, 5, 9, 14, 6, 3, 8, 12];
        let days = sold.iter().enumerate().filter(|(_, sold)| **sold > 0).map(|(at, sold)| {
            (
                WallTime::from_unix_millis(today - (15 - at as i64) * 86_400_000),
                *sold,
                i64::from(*sold) * 1_120,
            )
        });
        say(Ok(SalesByDay { days: days.collect() }))
    }
    fn sell_by_hand<'a>(&'a self, _: &'a Staff, show: ShowId, request: BuyRequest) -> Answer<'a, OrderView> {
        let card = self.of(show).unwrap();
        let shelf = self.shelf(show, None).unwrap();
        say(open(&shelf, request, 0x777, "order-by-hand-000000001", Some(card)))
    }
    fn refund<'a>(
        &'a self,
        _: &'a Staff,
        order: OrderId,
        ticket: Option<TicketId>,
        with_fees: bool,
        reason: &'a str,
    ) -> Answer<'a, ()> {
        self.note(format!("refund {order} {ticket:?} {with_fees} {reason}"));
        say(Ok(()))
    }
    fn refund_again<'a>(&'a self, _: &'a Staff, order: OrderId, refund: RefundId) -> Answer<'a, ()> {
        self.note(format!("again {order} {refund}"));
        say(Ok(()))
    }
    fn cancel_show<'a>(&'a self, _: &'a Staff, show: ShowId) -> Answer<'a, ()> {
        self.note(format!("cancel {show}"));
        say(Ok(()))
    }
    fn statement(&self, show: ShowId) -> Answer<'_, Statement> {
        let card = self.of(show).unwrap();
        let line = |share: &Share| ShareLine {
            share: share.id,
            name: share.name.clone(),
            basis_points: share.basis_points,
            earned: 103_000 * i64::from(share.basis_points) / 10_000,
            paid_out: if share.basis_points == 4_000 { 20_000 } else { 0 },
        };
        let state = self.state.lock().unwrap();
        let kinds = card.kinds.iter().zip([68_u32, 31, 4]).map(|(kind, sold)| KindLine {
            kind: kind.id,
            name: kind.name.clone(),
            sold,
            refunded: sold / 30,
            gross: i64::from(sold) * kind.price,
        });
        say(Ok(Statement {
            show,
            currency: card.listing.as_ref().unwrap().currency,
            gross: 117_600,
            refunds: 2_240,
            fees: 12_360,
            tax: 0,
            net: 103_000,
            house: 25_750,
            kinds: kinds.collect(),
            shares: state.shares.iter().map(line).collect(),
        }))
    }
    fn statement_of<'a>(&'a self, code: &'a str) -> Answer<'a, (Statement, Share, Arc<ShowCard>)> {
        if code != STATEMENT {
            return say(Err(not_here()));
        }
        let card = self.card(JAZZ).unwrap();
        let share = self.state.lock().unwrap().shares[0].clone();
        Box::pin(async move { Ok((self.statement(card.show.id).await?, share, card)) })
    }
    fn statement_pdf<'a>(&'a self, _: ShowId, _: Option<ShareId>, _: Lang) -> Answer<'a, Bytes> {
        say(Ok(Bytes::from_static(b"%PDF-1.7")))
    }
    fn settle<'a>(&'a self, _: &'a Staff, show: ShowId) -> Answer<'a, ()> {
        self.note(format!("settle {show}"));
        say(Ok(()))
    }
    fn pay_out<'a>(&'a self, _: &'a Staff, _: ShowId, share: ShareId, amount: Money) -> Answer<'a, ()> {
        self.note(format!("pay out {share} {}", amount.full()));
        say(Ok(()))
    }
    fn audit(&self, _: Option<ShowId>) -> Answer<'_, Vec<AuditLine>> {
        let who = self.state.lock().unwrap().shares[0].name.clone();
        let line = |what: &str, on: &str| AuditLine {
            at: now(),
            who: who.clone(),
            what: what.into(),
            on: on.into(),
        };
        say(Ok(vec![
            line("show_changed", "The Late Harbour"),
            line("ticket_refunded", "000000B4"),
            line("signed_in", ""),
        ]))
    }
    fn staff(&self) -> Answer<'_, Vec<Staff>> {
        let name = self.state.lock().unwrap().shares[0].name.clone();
        let other =
            Staff { id: StaffId::new(8), email: "door@example.com".into(), name, role: Role::Cashier };
        say(Ok(vec![owner(Role::Owner), other]))
    }
    fn has_staff(&self) -> Answer<'_, bool> {
        say(Ok(self.has_staff))
    }
    fn is_admin(&self, token: &str) -> bool {
        token == ADMIN
    }
    fn set_staff<'a>(&'a self, by: Option<&'a Staff>, staff: Staff, _: Option<&'a Secret>) -> Answer<'a, ()> {
        self.note(format!("staff {} {} by {}", staff.email, staff.role.name(), by.map_or("", |it| &it.name)));
        say(Ok(()))
    }
    fn delete_staff<'a>(&'a self, _: &'a Staff, staff: StaffId) -> Answer<'a, ()> {
        self.note(format!("delete staff {staff}"));
        say(Ok(()))
    }
    fn desk_link<'a>(&'a self, _: &'a Staff, _: ShowId) -> Answer<'a, String> {
        say(Ok("/desk/the-late-harbour#token".into()))
    }
    fn mails(&self) -> Answer<'_, Vec<MailView>> {
        let subject = self.state.lock().unwrap().shares[0].name.clone();
        let html = "<p>Here is <b>your ticket</b>.</p><script>alert(1)</script>".to_owned();
        let mail = MailView {
            id: 1,
            to: "marisol@example.com".into(),
            subject,
            text: "Here is your ticket.".into(),
            html,
            at: now(),
            sent: false,
        };
        say(Ok(vec![mail]))
    }
}
