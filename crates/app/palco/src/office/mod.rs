//! The box office at work: the pages' [`BoxOffice`](palco_site::BoxOffice) over the books, the stage, and
//! whoever takes money and mail.

mod foyer;
mod letters;
mod people;
mod posters;
mod season;
mod seats;
mod site;
mod till;

pub(crate) use foyer::Foyer;
pub(crate) use season::{OWNER, OWNER_PASSWORD, fill as fill_season};
pub(crate) use seats::{Seats, ticket_void};

use crate::clock;
use crate::config::Config;
use crate::house::House;
use palco_base::{Fault, Secret, ShowId};
use palco_boxoffice::Provider;
use palco_mail::{Mailbox, Mailer};
use palco_print::Fonts;
use palco_site::ShowCard;
use palco_store::Database;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};

/// How often the clerk looks for what is to be done without being rung for.
const ROUND: Duration = Duration::from_secs(2);
/// How often Stripe is asked about orders it has not told of.
const RECONCILE: Duration = Duration::from_secs(120);
/// How often sessions and links whose time is over are forgotten.
const SWEEP: Duration = Duration::from_secs(3600);

/// The box office.
pub(crate) struct Office {
    books: Database,
    house: Arc<House>,
    foyer: Arc<Foyer>,
    /// How the public reaches this site, without a slash at the end.
    site: String,
    demo: bool,
    demo_payments: bool,
    stripe: Option<Arc<dyn palco_payment::Provider>>,
    stripe_secrets: Vec<Secret>,
    mailer: Option<Box<dyn Mailer>>,
    mail_from: Mailbox,
    fonts: Option<Fonts>,
    /// Rung when there is something to do.
    bell: Arc<Notify>,
    /// Hashing a password takes memory: so many at once.
    hashing: Semaphore,
    no_password: String,
}

impl Office {
    /// The office over these books.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub(crate) fn open(
        books: Database,
        house: Arc<House>,
        foyer: Arc<Foyer>,
        config: &Config,
        site: String,
        demo: bool,
    ) -> Result<Arc<Self>, Fault> {
        let stripe = match &config.stripe_key {
            None => None,
            Some(key) => {
                let stripe = match &config.stripe_url {
                    None => palco_payment::stripe::Stripe::new(key.clone())?,
                    Some(url) => palco_payment::stripe::Stripe::at(url, key.clone())?,
                };
                Some(Arc::new(stripe) as Arc<dyn palco_payment::Provider>)
            }
        };
        let host =
            site.split("://").nth(1).and_then(|rest| rest.split([':', '/']).next()).unwrap_or("localhost");
        let mailer = match &config.smtp {
            None => None,
            Some(url) => Some(Box::new(palco_mail::Smtp::new(url, host)?) as Box<dyn Mailer>),
        };
        let from = config.mail_from.clone().unwrap_or_else(|| format!("tickets@{host}"));
        Ok(Arc::new(Self {
            demo_payments: config.demo_payments.unwrap_or(stripe.is_none()),
            stripe,
            stripe_secrets: config.stripe_webhook_secrets.clone(),
            mailer,
            mail_from: Mailbox::new(from).named("Palco"),
            fonts: palco_web::name_font().and_then(|font| Fonts::new(font).ok()),
            bell: Arc::new(Notify::new()),
            hashing: Semaphore::new(2),
            no_password: people::hash_now(&Secret::new("nobody has this one"))?,
            books,
            house,
            foyer,
            site,
            demo,
        }))
    }

    fn card_of(&self, show: ShowId) -> Option<Arc<ShowCard>> {
        self.foyer.cards(&self.house).show(show)
    }

    fn ways_to_pay(&self) -> Vec<Provider> {
        let stripe = self.stripe.is_some().then_some(Provider::Stripe);
        stripe.into_iter().chain(self.demo_payments.then_some(Provider::Demo)).collect()
    }

    /// Does what nobody waits for: refunds, letters, seats that are held no longer. Ends with the server.
    pub(crate) fn work(self: &Arc<Self>) {
        let clerk = Arc::clone(self);
        tokio::spawn(async move { clerk.clerk().await });
        let postman = Arc::clone(self);
        tokio::spawn(async move { postman.postman().await });
    }

    async fn clerk(&self) {
        let (mut reconcile, mut sweep) = (Instant::now() + RECONCILE, Instant::now());
        loop {
            let now = Instant::now();
            said("seats that are held no longer", self.sweep_orders().await);
            said("a cancelled show", self.clear_cancelled().await);
            said("refunds", self.make_refunds().await);
            for (show, looks) in self.foyer.take_looks() {
                said("looks at a show", self.books.looked(show, looks).await);
                said("looks at a show", self.foyer.read(&self.books, show).await);
            }
            if now >= reconcile {
                reconcile = now + RECONCILE;
                said("orders Stripe has not told of", self.reconcile().await);
            }
            if now >= sweep {
                sweep = now + SWEEP;
                said("old sessions", self.books.sweep(clock::now().wall).await);
            }
            // Rung, or time for a round: either is as good.
            let _ = timeout_at(now + ROUND, self.bell.notified()).await;
        }
    }

    async fn postman(&self) {
        loop {
            let next = Instant::now() + ROUND;
            match self.send_letters().await {
                // There may be more.
                Ok(sent) if sent > 0 => {}
                done => {
                    said("letters", done.map(drop));
                    tokio::time::sleep_until(next).await;
                }
            }
        }
    }
}

/// What could not be done is tried again at the next round; the log knows.
fn said(what: &str, done: Result<(), Fault>) {
    if let Err(fault) = done {
        tracing::error!(?fault, "the office could not see to {what}; it will try again");
    }
}
