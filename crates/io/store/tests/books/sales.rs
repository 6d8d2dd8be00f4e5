//! One buyer after the other.

use crate::on_both;
use crate::world::{On, SHOW, World, at, empty, refund_all, usd, wanted};
use palco_boxoffice::{Input, Listing, Money, OrderState, RefundState, Sales, TicketState};
use palco_store::{Books, Database, Key, LetterKind};

on_both!(
    held_paid_and_a_letter,
    not_paid_in_time_the_seat_is_free_again,
    what_is_said_five_times_is_done_once,
    paid_too_late_the_seat_is_taken_again_or_the_money_goes_back,
    a_wrong_amount_goes_back,
    the_same_form_twice_is_one_order,
    a_promo_code_counts_each_order_once,
    a_refund_frees_the_seat_and_is_paid_back_once,
    two_who_change_one_show,
    migrations_run_twice,
    what_is_sold_is_kept_by_a_change_of_the_show,
    a_seat_is_taken_over,
    links_are_taken_once,
    stars_are_counted_once_a_seat,
);

async fn held_paid_and_a_letter(on: On) {
    let world = World::new(on, "paid", Some(10)).await;
    let order = world.hold(2, 0).await.unwrap();
    assert_eq!(order.stored.order.state, OrderState::Held);
    assert_eq!(world.taken().await, 2);
    let paid = world.pay(&order, "pi_1", "evt_1", 5).await;
    assert_eq!(paid.stored.order.state, OrderState::Paid);
    assert!(paid.stored.tickets.iter().all(|ticket| ticket.state == TicketState::Valid));
    let again = world.books.order(Key::Code(order.stored.order.code.reveal())).await.unwrap();
    assert_eq!(again.order, paid.stored.order);
    let found = world.books.ticket(again.tickets[0].code.reveal()).await.unwrap();
    assert_eq!(found.ticket, again.tickets[0]);
    let letters = world.books.letters_due(at(5), 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].kind, letters[0].order), (LetterKind::Tickets, Some(again.order.id)));
    let statement = world.books.statement(SHOW).await.unwrap();
    assert_eq!(statement.gross, again.order.quote.total);
    assert_eq!(statement.net, 2_000);
    world.sound().await;
}

async fn not_paid_in_time_the_seat_is_free_again(on: On) {
    let world = World::new(on, "lapse", Some(1)).await;
    let order = world.hold(1, 0).await.unwrap();
    assert_eq!(world.hold(1, 1).await.unwrap_err().code, "sold_out");
    assert!(world.books.overdue(at(899)).await.unwrap().0.is_empty());
    let (due, _) = world.books.overdue(at(900)).await.unwrap();
    assert_eq!(due.iter().map(|it| it.id).collect::<Vec<_>>(), vec![order.stored.order.id]);
    let early = world.decide(&order, Input::Timeout, 899).await.unwrap();
    assert_eq!(early.stored.order.state, OrderState::Held);
    let late = world.decide(&order, Input::Timeout, 900).await.unwrap();
    assert_eq!(late.stored.order.state, OrderState::Lapsed);
    assert_eq!(world.taken().await, 0);
    world.hold(1, 901).await.unwrap();
    world.sound().await;
}

async fn what_is_said_five_times_is_done_once(on: On) {
    let world = World::new(on, "five", Some(10)).await;
    let order = world.hold(1, 0).await.unwrap();
    for turn in 0..5 {
        let paid = world.pay(&order, "pi_1", "evt_1", turn).await;
        assert_eq!(paid.repeated, turn > 0);
    }
    // The same payment under another event's name.
    world.pay(&order, "pi_1", "evt_2", 9).await;
    let stored = world.books.order(Key::Id(order.stored.order.id)).await.unwrap();
    assert_eq!((stored.tickets.len(), stored.refunds.len()), (1, 0));
    assert_eq!(world.books.letters_due(at(10), 10).await.unwrap().len(), 1);
    assert_eq!(world.books.statement(SHOW).await.unwrap().gross, stored.order.quote.total);
    world.sound().await;
}

async fn paid_too_late_the_seat_is_taken_again_or_the_money_goes_back(on: On) {
    let world = World::new(on, "late", Some(1)).await;
    let first = world.hold(1, 0).await.unwrap();
    world.decide(&first, Input::Timeout, 900).await.unwrap();
    let paid = world.pay(&first, "pi_1", "evt_1", 1_000).await;
    assert_eq!(paid.stored.order.state, OrderState::Paid, "the seat was still free");
    let (_, back) = refund_all("changed their mind");
    world.decide(&first, back, 1_001).await.unwrap();
    let second = world.hold(1, 1_002).await.unwrap();
    world.decide(&second, Input::Timeout, 2_000).await.unwrap();
    let third = world.hold(1, 2_001).await.unwrap();
    let late = world.pay(&second, "pi_2", "evt_2", 2_002).await;
    assert_eq!(late.stored.order.state, OrderState::Lapsed);
    assert_eq!(late.stored.refunds.len(), 1);
    assert_eq!(late.stored.refunds[0].amount, late.stored.order.quote.total_money());
    world.pay(&third, "pi_3", "evt_3", 2_003).await;
    world.sound().await;
}

async fn a_wrong_amount_goes_back(on: On) {
    let world = World::new(on, "amount", None).await;
    let order = world.hold(1, 0).await.unwrap();
    let less = Money::new(1, usd());
    let paid = world.pay_amount(&order, "pi_1", "evt_1", less, 1).await;
    assert_eq!(paid.stored.order.state, OrderState::Held);
    assert_eq!(paid.stored.refunds[0].amount, less);
    let right = world.pay(&order, "pi_2", "evt_2", 2).await;
    assert_eq!(right.stored.order.state, OrderState::Paid);
    world.sound().await;
}

async fn the_same_form_twice_is_one_order(on: On) {
    let world = World::new(on, "once", Some(5)).await;
    let form = wanted(1);
    let first = world.books.open_sale(SHOW, &form, at(0)).await.unwrap();
    let mut again = wanted(1);
    again.once = form.once;
    let second = world.books.open_sale(SHOW, &again, at(1)).await.unwrap();
    assert!(second.repeated);
    assert_eq!(second.stored.order.id, first.stored.order.id);
    assert_eq!(world.taken().await, 1);
    world.sound().await;
}

async fn a_promo_code_counts_each_order_once(on: On) {
    let world = World::new(on, "promo", None).await;
    world.promo("EARLY", 2).await;
    let buy = async |seconds| {
        let mut form = wanted(1);
        form.promo = Some("EARLY".into());
        world.books.open_sale(SHOW, &form, at(seconds)).await
    };
    let first = buy(0).await.unwrap();
    assert_eq!(first.stored.order.quote.discount, 200);
    buy(1).await.unwrap();
    assert_eq!(buy(2).await.unwrap_err().code, "promo_used_up");
    world.decide(&first, Input::Abandoned, 3).await.unwrap();
    buy(4).await.unwrap();
    let mut unknown = wanted(1);
    unknown.promo = Some("LATE".into());
    assert_eq!(world.books.open_sale(SHOW, &unknown, at(5)).await.unwrap_err().code, "promo_unknown");
    world.sound().await;
}

async fn a_refund_frees_the_seat_and_is_paid_back_once(on: On) {
    let world = World::new(on, "refund", Some(2)).await;
    let order = world.hold(2, 0).await.unwrap();
    world.pay(&order, "pi_1", "evt_1", 1).await;
    let (id, back) = refund_all("asked for it");
    let done = world.decide(&order, back, 2).await.unwrap();
    assert_eq!(done.revoked.len(), 2);
    assert_eq!(world.taken().await, 0);
    let due = world.books.refunds_due(at(2), 10).await.unwrap();
    assert_eq!(due[0].refund.amount, order.stored.order.quote.total_money());
    let (_, twice) = refund_all("again");
    assert_eq!(world.decide(&order, twice, 3).await.unwrap_err().code, "nothing_to_refund");
    for turn in 0..3 {
        let stored = world.decide(&order, Input::RefundDone(id), 4 + turn).await.unwrap().stored;
        assert_eq!(stored.refunds[0].state, RefundState::Done);
    }
    assert!(world.books.refunds_due(at(9), 10).await.unwrap().is_empty());
    let statement = world.books.statement(SHOW).await.unwrap();
    assert_eq!((statement.net, statement.fees, statement.tax), (0, 0, 0));
    assert_eq!(statement.refunds, statement.gross);
    world.sound().await;
}

async fn two_who_change_one_show(on: On) {
    let world = World::new(on, "revision", None).await;
    let mine = world.books.show(SHOW).await.unwrap().unwrap().listing;
    let theirs = Listing { summary: "theirs".into(), ..mine.clone() };
    world.books.set_listing(&theirs).await.unwrap();
    let mine = Listing { summary: "mine".into(), ..mine };
    assert_eq!(world.books.set_listing(&mine).await.unwrap_err().code, "revision_old");
    assert_eq!(world.books.show(SHOW).await.unwrap().unwrap().listing.summary, "theirs");
}

async fn migrations_run_twice(on: On) {
    let (books, file) = empty(on, "migrate").await;
    let (first, second) = tokio::join!(Database::open(&books), Database::open(&books));
    let (first, _) = (first.unwrap(), second.unwrap());
    first.set_listing(&Listing::new(SHOW, usd())).await.unwrap();
    let again = Database::open(&books).await.unwrap();
    assert!(again.show(SHOW).await.unwrap().is_some());
    if let Some(file) = file {
        let copy = file.with_extension("copy");
        let _ = std::fs::remove_file(&copy);
        again.copy_to(&copy).await.unwrap();
        let restored = Database::open(&Books::File(copy)).await.unwrap();
        assert!(restored.show(SHOW).await.unwrap().is_some());
    }
}

async fn what_is_sold_is_kept_by_a_change_of_the_show(on: On) {
    let world = World::new(on, "change", Some(5)).await;
    let order = world.hold(3, 0).await.unwrap();
    world.pay(&order, "pi_1", "evt_1", 1).await;
    let listing = world.books.show(SHOW).await.unwrap().unwrap().listing;
    let small = Listing { seats: Some(2), ..listing.clone() };
    assert_eq!(world.books.set_listing(&small).await.unwrap_err().code, "seats_taken");
    let pesos = Listing { currency: palco_boxoffice::Currency::parse("MXN").unwrap(), ..listing.clone() };
    assert_eq!(world.books.set_listing(&pesos).await.unwrap_err().code, "currency_fixed");
    world.books.set_listing(&Listing { seats: Some(3), taken: 0, ..listing }).await.unwrap();
    assert_eq!(world.hold(1, 2).await.unwrap_err().code, "sold_out");
    assert_eq!(world.books.delete_kind(SHOW, crate::world::LIVE).await.unwrap_err().code, "kind_sold");
    world.books.delete_kind(SHOW, crate::world::REPLAY).await.unwrap();
    assert!(world.books.cancel_listing(SHOW).await.unwrap());
    assert!(!world.books.cancel_listing(SHOW).await.unwrap());
    let cancelled = world.books.show(SHOW).await.unwrap().unwrap().listing;
    assert_eq!(cancelled.sales, Sales::Cancelled);
    let reopened = Listing { sales: Sales::Open, ..cancelled };
    assert_eq!(world.books.set_listing(&reopened).await.unwrap_err().code, "show_cancelled");
    world.sound().await;
}

async fn a_seat_is_taken_over(on: On) {
    let world = World::new(on, "seat", None).await;
    let order = world.hold(1, 0).await.unwrap();
    let ticket = order.stored.tickets[0].id;
    assert_eq!(world.books.take_seat(ticket).await.unwrap(), None, "not paid yet");
    world.pay(&order, "pi_1", "evt_1", 1).await;
    assert_eq!(world.books.take_seat(ticket).await.unwrap(), Some(1));
    assert_eq!(world.books.take_seat(ticket).await.unwrap(), Some(2));
    let (_, back) = refund_all("x");
    world.decide(&order, back, 2).await.unwrap();
    assert_eq!(world.books.take_seat(ticket).await.unwrap(), None);
}

async fn links_are_taken_once(on: On) {
    let world = World::new(on, "links", None).await;
    let token = world.books.new_link("ana@example.com", at(60)).await.unwrap();
    assert_eq!(world.books.take_link(token.reveal(), at(1)).await.unwrap(), "ana@example.com");
    assert_eq!(world.books.take_link(token.reveal(), at(1)).await.unwrap_err().code, "link_unknown");
    let old = world.books.new_link("ana@example.com", at(60)).await.unwrap();
    assert_eq!(world.books.take_link(old.reveal(), at(60)).await.unwrap_err().code, "link_unknown");
    let session = palco_store::Session::Buyer("ana@example.com".into());
    let session = world.books.begin_session(session, at(60)).await.unwrap();
    assert!(world.books.session(session.reveal(), at(59)).await.unwrap().is_some());
    assert!(world.books.session(session.reveal(), at(60)).await.unwrap().is_none());
    world.books.end_session(session.reveal()).await.unwrap();
    assert!(world.books.session(session.reveal(), at(1)).await.unwrap().is_none());
}

async fn stars_are_counted_once_a_seat(on: On) {
    let world = World::new(on, "stars", None).await;
    let order = world.hold(2, 0).await.unwrap();
    world.pay(&order, "pi_1", "evt_1", 1).await;
    let [one, two] = [0, 1].map(|at| order.stored.tickets[at].id);
    world.books.rate(one, SHOW, 2, false).await.unwrap();
    world.books.rate(one, SHOW, 5, true).await.unwrap();
    world.books.rate(two, SHOW, 0, true).await.unwrap();
    world.books.looked(SHOW, 3).await.unwrap();
    world.books.looked(SHOW, 4).await.unwrap();
    let said = world.books.show(SHOW).await.unwrap().unwrap().reputation;
    assert_eq!((said.stars, said.voices, said.likes, said.views), (5, 1, 2, 7));
    assert_eq!(world.books.all_shows().await.unwrap()[&SHOW].reputation, said);
    assert_eq!(world.books.rating(one).await.unwrap(), (5, true));
}
