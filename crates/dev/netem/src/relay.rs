//! A UDP relay with a [`Link`] each way, in front of a server's port.

use crate::{Impairment, Link, LinkStats};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A client that says nothing for this long is forgotten.
const IDLE: Duration = Duration::from_secs(120);
/// Clients at one time; more are ignored.
const CLIENTS: usize = 1_000;
/// Largest UDP datagram.
const DATAGRAM: usize = 65_535;

/// What the relay did, both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayStats {
    /// Towards the server.
    pub up: LinkStats,
    /// From the server.
    pub down: LinkStats,
    /// Clients seen.
    pub clients: u64,
}

#[derive(Debug)]
enum Order {
    Up(Impairment),
    Down(Impairment),
    Cut(bool),
    Move,
    Stats(oneshot::Sender<RelayStats>),
}

/// Changes a running relay. Cheap to clone. Orders to a relay that has ended are ignored.
#[derive(Clone, Debug)]
pub struct Control(mpsc::UnboundedSender<Order>);

impl Control {
    /// Sets the faults of both ways.
    pub fn set(&self, impairment: Impairment) {
        self.set_up(impairment);
        self.set_down(impairment);
    }

    /// Sets the faults towards the server.
    pub fn set_up(&self, impairment: Impairment) {
        let _ = self.0.send(Order::Up(impairment));
    }

    /// Sets the faults from the server.
    pub fn set_down(&self, impairment: Impairment) {
        let _ = self.0.send(Order::Down(impairment));
    }

    /// Loses everything, both ways.
    pub fn cut(&self) {
        let _ = self.0.send(Order::Cut(true));
    }

    /// Undoes [`cut`](Self::cut).
    pub fn heal(&self) {
        let _ = self.0.send(Order::Cut(false));
    }

    /// From now on clients reach the server from new addresses, as after a change of network.
    pub fn change_addresses(&self) {
        let _ = self.0.send(Order::Move);
    }

    /// What happened so far; none if the relay has ended.
    pub async fn stats(&self) -> Option<RelayStats> {
        let (give, get) = oneshot::channel();
        self.0.send(Order::Stats(give)).ok()?;
        get.await.ok()
    }
}

/// A running relay; ends when dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    control: Control,
    task: JoinHandle<()>,
}

impl Relay {
    /// Listens on `listen` and passes everything on to `server`, each client from its own port.
    ///
    /// # Errors
    /// When the socket cannot be bound.
    pub async fn spawn(
        listen: SocketAddr,
        server: SocketAddr,
        impairment: Impairment,
        seed: u64,
    ) -> io::Result<Self> {
        let socket = Arc::new(UdpSocket::bind(listen).await?);
        let address = socket.local_addr()?;
        let (orders, taken) = mpsc::unbounded_channel();
        let run = Run {
            socket,
            server,
            clients: HashMap::new(),
            up: Link::new(impairment, seed),
            down: Link::new(impairment, seed ^ 0xd0),
            seen: 0,
        };
        Ok(Self { address, control: Control(orders), task: tokio::spawn(run.run(taken)) })
    }

    /// Where clients send to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle for changes.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A datagram under way: the client it comes from or goes to, and its bytes.
#[derive(Clone, Debug)]
struct Datagram {
    client: SocketAddr,
    bytes: Vec<u8>,
}

impl AsRef<[u8]> for Datagram {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[derive(Debug)]
struct Client {
    /// Our socket towards the server for this client.
    upstream: Arc<UdpSocket>,
    reader: JoinHandle<()>,
    last: Instant,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

struct Run {
    socket: Arc<UdpSocket>,
    server: SocketAddr,
    clients: HashMap<SocketAddr, Client>,
    up: Link<Datagram>,
    down: Link<Datagram>,
    seen: u64,
}

impl Run {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let (back, mut from_server) = mpsc::channel::<Datagram>(4_096);
        let mut buffer = vec![0; DATAGRAM];
        let socket = Arc::clone(&self.socket);
        loop {
            let deadline = [self.up.deadline(), self.down.deadline()].into_iter().flatten().min();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.order(order),
                    None => return,
                },
                received = socket.recv_from(&mut buffer) => {
                    // An ICMP error of some client is no reason to end.
                    if let Ok((length, client)) = received {
                        self.take_up(client, &buffer[..length], &back).await;
                    }
                }
                Some(datagram) = from_server.recv() => self.down.push(Instant::now(), datagram),
                () = at(deadline) => {}
            }
            self.deliver().await;
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Up(impairment) => self.up.set(impairment),
            Order::Down(impairment) => self.down.set(impairment),
            Order::Cut(cut) => {
                self.up.cut(cut);
                self.down.cut(cut);
            }
            Order::Move => self.clients.clear(),
            Order::Stats(give) => {
                let stats = RelayStats { up: self.up.stats(), down: self.down.stats(), clients: self.seen };
                let _ = give.send(stats);
            }
        }
    }

    async fn take_up(&mut self, client: SocketAddr, bytes: &[u8], back: &mpsc::Sender<Datagram>) {
        let now = Instant::now();
        if !self.clients.contains_key(&client) {
            self.clients.retain(|_, c| now.saturating_duration_since(c.last) < IDLE);
            if self.clients.len() >= CLIENTS {
                return;
            }
            let Ok(upstream) = upstream(self.server).await else { return };
            let reader = tokio::spawn(read(Arc::clone(&upstream), client, back.clone()));
            self.seen += 1;
            self.clients.insert(client, Client { upstream, reader, last: now });
        }
        if let Some(known) = self.clients.get_mut(&client) {
            known.last = now;
        }
        self.up.push(now, Datagram { client, bytes: bytes.to_vec() });
    }

    async fn deliver(&mut self) {
        let now = Instant::now();
        while let Some(datagram) = self.up.poll(now) {
            if let Some(client) = self.clients.get(&datagram.client) {
                let _ = client.upstream.send(&datagram.bytes).await;
            }
        }
        while let Some(datagram) = self.down.poll(now) {
            let _ = self.socket.send_to(&datagram.bytes, datagram.client).await;
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

async fn upstream(server: SocketAddr) -> io::Result<Arc<UdpSocket>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => [0; 4].into(),
        SocketAddr::V6(_) => [0; 16].into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    Ok(Arc::new(socket))
}

async fn read(upstream: Arc<UdpSocket>, client: SocketAddr, back: mpsc::Sender<Datagram>) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        if let Ok(length) = upstream.recv(&mut buffer).await
            && back.send(Datagram { client, bytes: buffer[..length].to_vec() }).await.is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> SocketAddr {
        ([127, 0, 0, 1], 0).into()
    }

    async fn pass(client: &UdpSocket, server: &UdpSocket, relay: SocketAddr) -> SocketAddr {
        client.send_to(b"ping", relay).await.unwrap();
        let mut buffer = [0; 16];
        let (length, from) = server.recv_from(&mut buffer).await.unwrap();
        server.send_to(&buffer[..length], from).await.unwrap();
        let (length, back) = client.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], back), (&b"ping"[..], relay));
        from
    }

    #[tokio::test]
    async fn passes_both_ways_cuts_heals_and_moves() {
        let server = UdpSocket::bind(local()).await.unwrap();
        let client = UdpSocket::bind(local()).await.unwrap();
        let impairment = Impairment { delay: Duration::from_millis(5), ..Impairment::default() };
        let relay = Relay::spawn(local(), server.local_addr().unwrap(), impairment, 1).await.unwrap();
        let control = relay.control();

        let first = pass(&client, &server, relay.address()).await;
        assert_eq!(pass(&client, &server, relay.address()).await, first);

        control.cut();
        assert_eq!(control.stats().await.unwrap().up.lost, 0);
        client.send_to(b"lost", relay.address()).await.unwrap();
        while control.stats().await.unwrap().up.lost == 0 {
            tokio::task::yield_now().await;
        }
        control.heal();
        control.change_addresses();
        assert_ne!(pass(&client, &server, relay.address()).await, first, "a new address after the move");
    }
}
