//! The shard's UDP socket: batches in, runs out.

use crate::stats::Counters;
use crate::sys::{self, Received, Receiver, Run};
use socket2::{Domain, Protocol, Socket as RawSocket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Asked of the kernel; it gives what `net.core.{r,w}mem_max` allow. A key frame to a thousand
/// viewers is tens of megabytes at once.
const BUFFER: usize = 8 << 20;
/// How long to wait for room in a full send buffer before datagrams are dropped.
const PATIENCE: Duration = Duration::from_millis(10);

/// Runs waiting to be sent.
#[derive(Default)]
pub(crate) struct Outbox {
    runs: Vec<Run>,
}

impl Outbox {
    /// Runs in it.
    pub(crate) const fn len(&self) -> usize {
        self.runs.len()
    }

    /// As in [`palco_sfu::Output::Transmit`].
    pub(crate) fn push(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>, segment: usize) {
        self.runs.push(Run { from: Some(from.ip()), to, bytes, segment });
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
        for run in &mut outbox.runs {
            run.from = run.from.filter(|ip| self.own.contains(ip));
        }
        if self.segmented {
            self.send_runs(&outbox.runs, counters);
        } else {
            self.send_runs(&singles(&outbox.runs), counters);
        }
        outbox.runs.clear();
    }

    fn send_runs(&mut self, mut runs: &[Run], counters: &Counters) {
        while let Some(first) = runs.first() {
            match sys::send(self.raw.as_fd(), self.ipv6, runs) {
                Ok(sent) => runs = &runs[sent.max(1)..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !sys::wait_writable(self.raw.as_fd(), PATIENCE) {
                        let left: usize = runs.iter().map(Run::datagrams).sum();
                        counters.sends_dropped.fetch_add(left as u64, Relaxed);
                        return;
                    }
                }
                Err(_) if first.datagrams() > 1 => {
                    // Some kernels and devices cannot segment; then we do it.
                    self.segmented = false;
                    counters.segmented.store(false, Relaxed);
                    return self.send_runs(&singles(runs), counters);
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

/// The same datagrams, each a run of its own.
fn singles(runs: &[Run]) -> Vec<Run> {
    let cut = |run: &Run| {
        let Run { from, to, segment, .. } = *run;
        let datagrams = run.bytes.chunks(segment.max(1));
        datagrams.map(|bytes| Run { from, to, bytes: bytes.to_vec(), segment }).collect::<Vec<_>>()
    };
    runs.iter().flat_map(cut).collect()
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
        let datagrams: Vec<Vec<u8>> =
            sizes.iter().enumerate().map(|(i, size)| vec![i as u8; *size]).collect();
        for (run, segment) in [(&datagrams[..3], 1_000), (&datagrams[3..4], 1_200), (&datagrams[4..], 1_000)]
        {
            outbox.push(a.address(), b.address(), run.concat(), segment);
        }
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
        outbox.push(peer.address(), asked, vec![1], 1);
        peer.send(&mut outbox, &Counters::default());
        let (from, to, _) = take(&mut any, 1).remove(0);
        let to = SocketAddr::new(to.unwrap(), any.address().port());
        assert_eq!(to, asked);
        any.own.push(to.ip());
        outbox.push(to, from, vec![2], 1);
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
        outbox.push(peer.address(), ([127, 0, 0, 1], both.address().port()).into(), vec![1], 1);
        peer.send(&mut outbox, &Counters::default());
        let (from, to, _) = take(&mut both, 1).remove(0);
        assert_eq!((from, to), (peer.address(), Some([127, 0, 0, 1].into())));
        outbox.push(SocketAddr::new(to.unwrap(), both.address().port()), from, vec![2], 1);
        both.send(&mut outbox, &Counters::default());
        assert_eq!(take(&mut peer, 1)[0].2, [2]);
    }

    #[test]
    fn longer_datagrams_than_any_of_ours_are_cut_not_kept() {
        let (mut a, mut b) = (loopback(), loopback());
        let mut outbox = Outbox::default();
        outbox.push(a.address(), b.address(), vec![7; 65_000], 65_000);
        outbox.push(a.address(), b.address(), vec![8; 10], 10);
        a.send(&mut outbox, &Counters::default());
        let got = take(&mut b, 2);
        assert_eq!((got[0].2.len(), got[1].2.len()), (2_048, 10));
    }
}
