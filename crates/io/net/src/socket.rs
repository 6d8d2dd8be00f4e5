//! The shard's UDP socket: batches in, runs out.

use crate::stats::Counters;
use crate::sys::{self, Received, Receiver, Run, SEGMENTS};
use socket2::{Domain, Protocol, Socket as RawSocket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Asked of the kernel; it gives what `net.core.{r,w}mem_max` allow. A key frame to a thousand
/// viewers is tens of megabytes at once.
const BUFFER: usize = 8 << 20;
/// Bytes of one segmented send; the kernel takes a little less than 64 kB with headers.
const RUN_BYTES: usize = 60_000;
/// How long to wait for room in a full send buffer before datagrams are dropped.
const PATIENCE: Duration = Duration::from_millis(10);

/// Datagrams waiting to be sent, those that go together next to each other.
#[derive(Default)]
pub(crate) struct Outbox {
    heads: Vec<Head>,
    datagrams: Vec<Vec<u8>>,
}

/// One run: the next `count` datagrams.
struct Head {
    from: IpAddr,
    to: SocketAddr,
    count: usize,
    bytes: usize,
    /// A run ends with its first datagram shorter than the others.
    open: bool,
}

impl Outbox {
    pub(crate) fn len(&self) -> usize {
        self.datagrams.len()
    }

    pub(crate) fn push(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>, segmented: bool) {
        let length = bytes.len();
        let first = self.heads.last().and_then(|head| {
            let joins = segmented
                && head.open
                && head.to == to
                && head.from == from.ip()
                && head.count < SEGMENTS
                && head.bytes + length <= RUN_BYTES;
            joins.then(|| self.datagrams[self.datagrams.len() - head.count].len())
        });
        match (self.heads.last_mut(), first) {
            (Some(head), Some(first)) if length <= first => {
                head.count += 1;
                head.bytes += length;
                head.open = length == first;
            }
            _ => self.heads.push(Head { from: from.ip(), to, count: 1, bytes: length, open: true }),
        }
        self.datagrams.push(bytes);
    }
}

pub(crate) struct Socket {
    raw: RawSocket,
    ipv6: bool,
    address: SocketAddr,
    receiver: Receiver,
    /// Our own addresses; a public address in front of a NAT is not one, and cannot be sent from.
    own: Vec<IpAddr>,
    segmented: bool,
}

impl Socket {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let raw = RawSocket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        let ipv6 = address.is_ipv6();
        if ipv6 {
            raw.set_only_v6(false)?;
        }
        raw.set_nonblocking(true)?;
        // Only wishes: smaller buffers work too.
        let _ = raw.set_recv_buffer_size(BUFFER);
        let _ = raw.set_send_buffer_size(BUFFER);
        raw.bind(&address.into())?;
        sys::prepare(raw.as_fd(), ipv6)?;
        let address = raw.local_addr()?.as_socket().unwrap_or(address);
        let mut own = sys::interface_addresses()?;
        own.push(address.ip());
        Ok(Self { raw, ipv6, address, receiver: Receiver::new(), own, segmented: true })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the kernel cuts runs for us.
    pub(crate) const fn segmented(&self) -> bool {
        self.segmented
    }

    /// Takes one batch. Whether there may be more.
    pub(crate) fn receive(&mut self, each: impl FnMut(Received<'_>)) -> io::Result<bool> {
        match self.receiver.receive(self.raw.as_fd(), each) {
            Ok(count) => Ok(count == sys::BATCH),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            // An ICMP error of some peer; there may be datagrams behind it.
            Err(error) if is_about_a_peer(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Sends all that waits; what cannot be sent is dropped and counted.
    pub(crate) fn send(&mut self, outbox: &mut Outbox, counters: &Counters) {
        let heads = std::mem::take(&mut outbox.heads);
        let datagrams = std::mem::take(&mut outbox.datagrams);
        let mut runs = Vec::with_capacity(heads.len());
        let mut rest = datagrams.as_slice();
        for head in &heads {
            let (run, after) = rest.split_at(head.count);
            rest = after;
            let from = Some(head.from).filter(|ip| self.own.contains(ip));
            runs.push(Run { from, to: head.to, datagrams: run });
        }
        self.send_runs(&runs, counters);
        // Their memory is used again.
        outbox.heads = heads;
        outbox.heads.clear();
        outbox.datagrams = datagrams;
        outbox.datagrams.clear();
    }

    fn send_runs(&mut self, mut runs: &[Run<'_>], counters: &Counters) {
        while let Some(first) = runs.first() {
            match sys::send(self.raw.as_fd(), self.ipv6, runs) {
                Ok(sent) => runs = &runs[sent.max(1)..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !sys::wait_writable(self.raw.as_fd(), PATIENCE) {
                        let left: usize = runs.iter().map(|run| run.datagrams.len()).sum();
                        counters.sends_dropped.fetch_add(left as u64, Relaxed);
                        return;
                    }
                }
                Err(_) if first.datagrams.len() > 1 => {
                    // Some kernels and devices cannot segment; then we do it.
                    self.segmented = false;
                    counters.segmented.store(false, Relaxed);
                    let singles: Vec<Run<'_>> = runs
                        .iter()
                        .flat_map(|run| {
                            run.datagrams.iter().map(|d| Run {
                                from: run.from,
                                to: run.to,
                                datagrams: std::slice::from_ref(d),
                            })
                        })
                        .collect();
                    return self.send_runs(&singles, counters);
                }
                Err(_) => {
                    // No way to this peer, or an earlier error of it: the others have theirs.
                    counters.sends_failed.fetch_add(1, Relaxed);
                    runs = &runs[1..];
                }
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.raw.as_fd()
    }
}

fn is_about_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionRefused
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::Interrupted
            | K::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> Socket {
        Socket::bind(([127, 0, 0, 1], 0).into()).unwrap()
    }

    /// Waits for `count` datagrams; the kernel has them when `send` has returned.
    fn take(socket: &mut Socket, count: usize) -> Vec<(SocketAddr, Option<IpAddr>, Vec<u8>)> {
        let mut got = Vec::new();
        while got.len() < count {
            let bell = sys::Bell::new().unwrap();
            assert!(sys::wait(socket.as_fd(), &bell, Some(Duration::from_secs(5))).unwrap());
            socket.receive(|r| got.push((r.from, r.to, r.bytes.to_vec()))).unwrap();
        }
        got
    }

    fn exchange(segmented: bool) {
        let (mut a, mut b) = (loopback(), loopback());
        a.segmented = segmented;
        let counters = Counters::default();
        let mut outbox = Outbox::default();
        let sizes = [1_000, 1_000, 400, 1_200, 1_000, 1_000, 1_000];
        for (index, size) in sizes.iter().enumerate() {
            outbox.push(a.address(), b.address(), vec![index as u8; *size], a.segmented());
        }
        assert_eq!(outbox.heads.len(), if segmented { 3 } else { 7 });
        a.send(&mut outbox, &counters);
        let got = take(&mut b, sizes.len());
        for (index, (from, to, bytes)) in got.iter().enumerate() {
            assert_eq!((*from, *to), (a.address(), Some(b.address().ip())));
            assert_eq!(*bytes, vec![index as u8; sizes[index]]);
        }
        assert_eq!(counters.sends_failed.load(Relaxed), 0);
    }

    #[test]
    fn runs_arrive_as_single_datagrams_in_order() {
        exchange(true);
        exchange(false);
    }

    #[test]
    fn an_answer_leaves_from_the_address_that_was_asked() {
        let mut any = Socket::bind(([0, 0, 0, 0], 0).into()).unwrap();
        let mut peer = loopback();
        let asked = SocketAddr::from(([127, 0, 0, 2], any.address().port()));
        let mut outbox = Outbox::default();
        outbox.push(peer.address(), asked, vec![1], true);
        peer.send(&mut outbox, &Counters::default());
        let (from, to, _) = take(&mut any, 1).remove(0);
        let to = SocketAddr::new(to.unwrap(), any.address().port());
        assert_eq!(to, asked);
        any.own.push(to.ip());
        outbox.push(to, from, vec![2], true);
        any.send(&mut outbox, &Counters::default());
        assert_eq!(take(&mut peer, 1)[0].0, asked);
    }

    #[test]
    fn an_ipv6_socket_serves_both() {
        let Ok(mut both) = Socket::bind("[::]:0".parse().unwrap()) else {
            // No IPv6 on this machine: nothing to test.
            return;
        };
        let mut peer = loopback();
        let mut outbox = Outbox::default();
        outbox.push(peer.address(), ([127, 0, 0, 1], both.address().port()).into(), vec![1], true);
        peer.send(&mut outbox, &Counters::default());
        let (from, to, _) = take(&mut both, 1).remove(0);
        assert_eq!((from, to), (peer.address(), Some([127, 0, 0, 1].into())));
        outbox.push(SocketAddr::new(to.unwrap(), both.address().port()), from, vec![2], true);
        both.send(&mut outbox, &Counters::default());
        assert_eq!(take(&mut peer, 1)[0].2, [2]);
    }

    #[test]
    fn longer_datagrams_than_any_of_ours_are_cut_not_kept() {
        let (mut a, mut b) = (loopback(), loopback());
        let mut outbox = Outbox::default();
        outbox.push(a.address(), b.address(), vec![7; 65_000], true);
        outbox.push(a.address(), b.address(), vec![8; 10], true);
        a.send(&mut outbox, &Counters::default());
        let got = take(&mut b, 2);
        assert_eq!((got[0].2.len(), got[1].2.len()), (2_048, 10));
    }
}
