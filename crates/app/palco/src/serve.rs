//! `palco serve`: puts the parts together, and takes them apart again in order.

use crate::config::Config;
use crate::demo;
use crate::files;
use crate::house::House;
use crate::live::Surroundings;
use crate::metrics::Metrics;
use crate::office::{self, Foyer, Office};
use crate::recordings;
use crate::routes::Routes;
use crate::sessions::Sessions;
use crate::viewers;
use palco_base::Fault;
use palco_net::{OnEvent, ShardConfig, Shards};
use palco_sfu::Event;
use palco_store::{Database, Store};
use palco_web::{Backend as _, Site, WebConfig};
use palco_worker::MixerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Events, but frames, that may wait for the house.
const EVENTS: usize = 8192;
/// How often shards are asked for their counters.
const STATS: Duration = Duration::from_secs(1);

/// Sends log lines to standard error, filtered as `filter` says.
pub(crate) fn log_to_stderr(filter: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| "info".into());
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // Only fails when a subscriber is set already; then that one stays.
    let _ = lines.try_init();
}

/// Serves until it is asked to stop (SIGINT, SIGTERM).
///
/// # Errors
/// When a part cannot start; nothing is left running then.
pub(crate) fn run(config: Config, demo: Option<PathBuf>) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::unavailable("no_threads", "The system gives no threads.").internal(error))?;
    runtime.block_on(serve(config, demo))
}

/// Fills the data folder with a season, and ends.
///
/// # Errors
/// When a part cannot start, or the folder is in use.
pub(crate) fn fill(config: Config) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::unavailable("no_threads", "The system gives no threads.").internal(error))?;
    runtime.block_on(async {
        let local = config.public_url.clone().unwrap_or_else(|| format!("http://{}", reachable(config.listen)));
        let (tell, _told) = sync_channel(EVENTS);
        let config = Config { rtc: ([127, 0, 0, 1], 0).into(), ..config };
        let house = open_house(&config, tell, local, true).await?;
        office::fill_season(&house.office, None).await?;
        house.house.close().await;
        house.shards.stop();
        Ok(())
    })
}

/// The parts that know shows, and the box office over them.
struct Opened {
    house: Arc<House>,
    office: Arc<Office>,
    shards: Arc<Shards>,
}

async fn open_house(
    config: &Config,
    tell: SyncSender<Told>,
    local: String,
    demo: bool,
) -> Result<Opened, Fault> {
    let store = Arc::new(Store::open(&config.data, config.clip_max_bytes)?);
    let routes = Arc::new(Routes::default());
    let sessions = Arc::new(Sessions::default());
    let shards = Shards::spawn(
        ShardConfig {
            public: config.rtc_public.clone(),
            max_sessions: config.max_sessions,
            follow_bandwidth: config.follow_bandwidth,
            ..ShardConfig::new(config.rtc)
        },
        config.rtc_shards,
        |shard| on_event(Arc::clone(&routes), Telling { shard, tell: tell.clone() }),
    )
    .map_err(|(address, error)| in_use(address, "rtc", &error))?;
    let shards = Arc::new(shards);
    let around = Surroundings {
        store,
        shards: Arc::clone(&shards),
        sessions,
        routes,
        mixer: MixerConfig {
            program: config.mixer.clone(),
            name: String::new(),
            font: palco_web::name_font().map(Arc::from),
        },
    };
    let books = Database::open(&config.books()).await?;
    let foyer = Arc::new(Foyer::open(&books).await?);
    let metrics = Metrics::install()?;
    let house = House::open(Arc::new(around), metrics, books.clone(), Arc::clone(&foyer)).await?;
    let house = Arc::new(house);
    let public = config.public_url.clone().unwrap_or(local);
    let office = Office::open(books, Arc::clone(&house), foyer, config, public, demo)?;
    Ok(Opened { house, office, shards })
}

async fn serve(config: Config, demo: Option<PathBuf>) -> Result<(), Fault> {
    files::take_all_for_an_audience();
    let tls = config.tls.as_ref().map(|(cert, key)| tls(cert, key)).transpose()?;
    let listener =
        TcpListener::bind(config.listen).await.map_err(|error| in_use(config.listen, "listen", &error))?;
    let address = listener.local_addr().map_err(|error| in_use(config.listen, "listen", &error))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let local = format!("{scheme}://{}", reachable(address));

    let (tell, told) = sync_channel(EVENTS);
    let Opened { house, office, shards } = open_house(&config, tell, local.clone(), demo.is_some()).await?;
    office.work();
    listen_to_shards(Arc::clone(&house), told)?;
    ask_for_stats(&shards);
    let keeper = viewers::keep_books(&house)?;
    recordings::sweep(&house, config.keep_recordings_days);

    let stopping = Stopping::new()?;
    let web = WebConfig { public_url: config.public_url.clone(), ..WebConfig::default() };
    let pages = palco_site::SiteConfig {
        public_url: config.public_url.clone(),
        tls: tls.is_some(),
        assets: assets(),
    };
    let foyer = palco_site::router(Arc::clone(&office) as Arc<dyn palco_site::BoxOffice>, pages);
    let site = Site::new(Arc::clone(&house) as Arc<dyn palco_web::Backend>, web, foyer);
    let web = tokio::spawn(palco_web::serve(listener, site, tls, stopping.clone().wait()));
    let media: Vec<_> = shards.addresses().map(|address| address.to_string()).collect();
    tracing::info!("palco serves {local}, media on UDP {}", media.join(", "));
    tracing::info!("the admin token is in {}", config.data.join("admin.token").display());

    let performers = match demo {
        Some(media) => Some(begin_demo(local, &house, &office, media).await?),
        None => None,
    };
    stopping.wait().await;
    tracing::info!("stopping");
    drop(performers);
    drop(keeper);
    house.close().await;
    shards.stop();
    // It ends by the same signal; what is left of it ends with the process.
    let _ = tokio::time::timeout(Duration::from_secs(5), web).await;
    Ok(())
}

/// What a shard tells the house.
enum Told {
    Event(u8, Event),
    Ended,
}

/// The way from a shard to the house; dropped with the shard's thread, however that ends.
struct Telling {
    shard: u8,
    tell: SyncSender<Told>,
}

impl Drop for Telling {
    fn drop(&mut self) {
        // The house may have ended before.
        let _ = self.tell.send(Told::Ended);
    }
}

/// On the shard's thread: frames go their way at once, the rest waits for the house.
fn on_event(routes: Arc<Routes>, telling: Telling) -> OnEvent {
    Box::new(move |event| match event {
        Event::FeedFrame { feed, frame } => routes.give(feed, frame),
        Event::KeyFrameWanted { feed } => routes.key_frame_wanted(feed),
        event => {
            if telling.tell.try_send(Told::Event(telling.shard, event)).is_err() {
                tracing::error!("the house's queue is full: an event was lost");
            }
        }
    })
}

fn listen_to_shards(house: Arc<House>, told: Receiver<Told>) -> Result<(), Fault> {
    let listen = move || {
        for told in told {
            match told {
                Told::Event(shard, event) => house.hear(shard, &event),
                Told::Ended => house.shard_ended(),
            }
        }
    };
    std::thread::Builder::new()
        .name("house".into())
        .spawn(listen)
        .map(drop)
        .map_err(|error| Fault::unavailable("no_threads", "The system gives no threads.").internal(error))
}

fn ask_for_stats(shards: &Arc<Shards>) {
    let shards = Arc::downgrade(shards);
    tokio::spawn(async move {
        let mut each = tokio::time::interval(STATS);
        loop {
            each.tick().await;
            let Some(shards) = shards.upgrade() else { return };
            // A full queue: the next second will do.
            let _ = shards.send(palco_sfu::Command::Stats);
        }
    });
}

async fn begin_demo(
    local: String,
    house: &Arc<House>,
    office: &Arc<Office>,
    media: PathBuf,
) -> Result<demo::Demo, Fault> {
    let admin = house.admin_token();
    let begun = tokio::task::spawn_blocking(move || demo::begin(&local, &admin, &media)).await;
    let demo =
        begun.map_err(|error| Fault::unavailable("demo_failed", "The demo failed.").internal(error))??;
    let live = house.find(demo::SLUG).map(|snapshot| snapshot.show.id);
    office::fill_season(office, live).await?;
    announce(&demo.links);
    Ok(demo)
}

#[allow(clippy::print_stdout)] // The links are for the person at the terminal.
fn announce(links: &demo::Links) {
    println!("\nThe demo show is live.\n");
    println!("  Audience         {}", links.audience);
    println!("  Host invitation  {}", links.invitation);
    println!("  Director         {}", links.director);
    println!("\nCtrl-C ends everything.\n");
}

/// The address as somebody on this machine writes it in a link.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

fn in_use(address: SocketAddr, key: &str, error: &std::io::Error) -> Fault {
    Fault::unavailable("address_unusable", format!("{address} cannot be used ({key}): {error}."))
        .hint(format!("Is another palco running? Choose another with --{key}."))
}

fn tls(cert: &Path, key: &Path) -> Result<rustls::ServerConfig, Fault> {
    let bad = |file: &Path, error: &dyn std::fmt::Display| {
        Fault::invalid("tls_unusable", format!("{} cannot be used: {error}.", file.display()))
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(cert, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, &error))?;
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| bad(cert, &error))
}

/// The wish to stop, for everybody who waits for it.
#[derive(Clone)]
struct Stopping(tokio::sync::watch::Receiver<bool>);

impl Stopping {
    fn new() -> Result<Self, Fault> {
        let no_signals =
            |error| Fault::unavailable("no_signals", "Signals cannot be received.").internal(error);
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
        let (stop, stopping) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop.send_replace(true);
        });
        Ok(Self(stopping))
    }

    async fn wait(mut self) {
        // An error means the sender is gone, which is after the signal too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// The pages' files, by the names the build gave them.
fn assets() -> palco_site::Assets {
    let asset = |name| palco_web::asset(name).unwrap_or_default();
    palco_site::Assets { style: asset("style"), script: asset("script"), favicon: asset("favicon") }
}
