//! System calls std does not have: `recvmmsg`, `sendmmsg` with UDP segmentation offload, packet
//! info, `eventfd`, `ppoll`, `getifaddrs`. All `unsafe` of the crate is here.
#![allow(unsafe_code, reason = "these calls have no safe wrapper with batches and UDP_SEGMENT")]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Datagrams taken with one call.
pub(crate) const BATCH: usize = 64;
/// Longer datagrams are cut; nothing we speak is longer.
const BUFFER: usize = 2_048;
/// Room for packet info and the segment size, aligned as control messages must be.
const CONTROL: usize = 128;

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

fn check(result: libc::c_int) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Turns on packet info (to which of our addresses a datagram came) and, on IPv6, IPv4 as well.
pub(crate) fn prepare(socket: BorrowedFd<'_>, ipv6: bool) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = match ipv6 {
        false => (libc::IPPROTO_IP, libc::IP_PKTINFO),
        true => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    // SAFETY: `on` is a c_int that lives through the call, and its size is given.
    check(unsafe {
        let value = (&raw const on).cast();
        libc::setsockopt(socket.as_raw_fd(), level, option, value, size_of::<libc::c_int>() as u32)
    })?;
    Ok(())
}

/// Buffers for one batch of datagrams.
pub(crate) struct Receiver {
    buffers: Vec<[u8; BUFFER]>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
}

/// One received datagram.
pub(crate) struct Received<'a> {
    pub(crate) from: SocketAddr,
    /// Our address it came to, if the system told.
    pub(crate) to: Option<IpAddr>,
    pub(crate) bytes: &'a [u8],
}

impl Receiver {
    pub(crate) fn new() -> Self {
        // SAFETY: all-zero bytes are a valid sockaddr_storage (AF_UNSPEC).
        let name: libc::sockaddr_storage = unsafe { zeroed() };
        Self {
            buffers: vec![[0; BUFFER]; BATCH],
            names: vec![name; BATCH],
            controls: vec![Control([0; CONTROL]); BATCH],
        }
    }

    /// Takes what has come, up to [`BATCH`], without waiting. Gives how many there were.
    pub(crate) fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        mut each: impl FnMut(Received<'_>),
    ) -> io::Result<usize> {
        let mut vectors: Vec<libc::iovec> = self
            .buffers
            .iter_mut()
            .map(|b| libc::iovec { iov_base: b.as_mut_ptr().cast(), iov_len: BUFFER })
            .collect();
        let mut headers: Vec<libc::mmsghdr> = (0..BATCH)
            .map(|i| {
                // SAFETY: all-zero bytes are a valid mmsghdr: null pointers with zero lengths.
                let mut header: libc::mmsghdr = unsafe { zeroed() };
                header.msg_hdr.msg_name = (&raw mut self.names[i]).cast();
                header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as u32;
                header.msg_hdr.msg_iov = &raw mut vectors[i];
                header.msg_hdr.msg_iovlen = 1;
                header.msg_hdr.msg_control = self.controls[i].0.as_mut_ptr().cast();
                header.msg_hdr.msg_controllen = CONTROL;
                header
            })
            .collect();
        // SAFETY: `headers` holds BATCH headers whose pointers lead to names, vectors, buffers and
        // controls that live, unmoved, until after the last use of `headers` below.
        let count = check(unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        })?;
        for (index, header) in headers.iter().take(count).enumerate() {
            // SAFETY: the kernel has filled in this name.
            let Some(from) = (unsafe { address(&self.names[index]) }) else { continue };
            // SAFETY: the kernel has filled in this header's control messages.
            let to = unsafe { packet_info(&header.msg_hdr) };
            let length = (header.msg_len as usize).min(BUFFER);
            each(Received { from, to, bytes: &self.buffers[index][..length] });
        }
        Ok(count)
    }
}

/// # Safety
/// `name` must hold an address of the family it says.
unsafe fn address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: a sockaddr_storage is large and aligned enough for every family.
            let v4 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            match ip.to_ipv4_mapped() {
                Some(v4) => Some(SocketAddrV4::new(v4, port).into()),
                None => Some(SocketAddrV6::new(ip, port, 0, v6.sin6_scope_id).into()),
            }
        }
        _ => None,
    }
}

/// # Safety
/// `header` must come from a successful receive.
unsafe fn packet_info(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: the caller vouches for the header; the macros stay within its control buffer.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while !message.is_null() {
            let data = libc::CMSG_DATA(message);
            match ((*message).cmsg_level, (*message).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info: libc::in_pktinfo = data.cast::<libc::in_pktinfo>().read_unaligned();
                    return Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info: libc::in6_pktinfo = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    return Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4));
                }
                _ => message = libc::CMSG_NXTHDR(header, message),
            }
        }
    }
    None
}

/// One call's worth of datagrams for one receiver, one behind the other: all of `segment` bytes,
/// the last may be shorter.
pub(crate) struct Run {
    pub(crate) from: Option<IpAddr>,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) segment: usize,
}

impl Run {
    pub(crate) fn datagrams(&self) -> usize {
        self.bytes.len().div_ceil(self.segment.max(1))
    }
}

/// Sends runs, in order, without waiting. Gives how many runs went out; an error is about the
/// first of them.
pub(crate) fn send(socket: BorrowedFd<'_>, ipv6: bool, runs: &[Run]) -> io::Result<usize> {
    let runs = &runs[..runs.len().min(BATCH)];
    let mut names: Vec<(libc::sockaddr_storage, u32)> = runs.iter().map(|run| name(run.to, ipv6)).collect();
    let mut controls = vec![Control([0; CONTROL]); runs.len()];
    let mut vectors: Vec<libc::iovec> = runs
        .iter()
        .map(|run| libc::iovec { iov_base: run.bytes.as_ptr().cast_mut().cast(), iov_len: run.bytes.len() })
        .collect();
    let mut headers = Vec::with_capacity(runs.len());
    for (index, run) in runs.iter().enumerate() {
        // SAFETY: all-zero bytes are a valid mmsghdr: null pointers with zero lengths.
        let mut header: libc::mmsghdr = unsafe { zeroed() };
        header.msg_hdr.msg_name = (&raw mut names[index].0).cast();
        header.msg_hdr.msg_namelen = names[index].1;
        header.msg_hdr.msg_iov = &raw mut vectors[index];
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_control = controls[index].0.as_mut_ptr().cast();
        header.msg_hdr.msg_controllen = CONTROL;
        // SAFETY: the control buffer just set is CONTROL zeroed bytes, enough for both messages.
        header.msg_hdr.msg_controllen = unsafe { write_controls(&mut header.msg_hdr, run, ipv6) };
        headers.push(header);
    }
    // SAFETY: each header points to names, vectors, datagrams and controls that live, unmoved,
    // through the call; the kernel does not write to the datagrams.
    check(unsafe {
        libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), headers.len() as u32, libc::MSG_DONTWAIT)
    })
}

/// Writes the control messages and gives the length they take.
///
/// # Safety
/// `header` must have a zeroed control buffer of [`CONTROL`] bytes.
unsafe fn write_controls(header: &mut libc::msghdr, run: &Run, ipv6: bool) -> usize {
    let mut used = 0;
    // SAFETY: two messages of at most 20 and 2 bytes fit CONTROL; the macros stay within it.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        let mut put = |level, kind, data: *const u8, length: usize| {
            (*message).cmsg_level = level;
            (*message).cmsg_type = kind;
            (*message).cmsg_len = libc::CMSG_LEN(length as u32) as usize;
            libc::CMSG_DATA(message).copy_from_nonoverlapping(data, length);
            used += libc::CMSG_SPACE(length as u32) as usize;
            message = libc::CMSG_NXTHDR(header, message);
        };
        match run.from {
            Some(IpAddr::V4(ip)) if !ipv6 => {
                let mut info: libc::in_pktinfo = zeroed();
                info.ipi_spec_dst.s_addr = u32::from_ne_bytes(ip.octets());
                let data = (&raw const info).cast();
                put(libc::IPPROTO_IP, libc::IP_PKTINFO, data, size_of::<libc::in_pktinfo>());
            }
            Some(ip) if ipv6 => {
                let mut info: libc::in6_pktinfo = zeroed();
                info.ipi6_addr.s6_addr = mapped(ip).octets();
                let data = (&raw const info).cast();
                put(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, data, size_of::<libc::in6_pktinfo>());
            }
            _ => {}
        }
        if run.bytes.len() > run.segment {
            let size = run.segment as u16;
            put(libc::SOL_UDP, libc::UDP_SEGMENT, (&raw const size).cast(), size_of::<u16>());
        }
    }
    used
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn name(to: SocketAddr, ipv6: bool) -> (libc::sockaddr_storage, u32) {
    // SAFETY: all-zero bytes are a valid sockaddr_storage, and of each address within it.
    let mut storage: libc::sockaddr_storage = unsafe { zeroed() };
    match to {
        SocketAddr::V4(v4) if !ipv6 => {
            // SAFETY: a sockaddr_storage is large and aligned enough for every family.
            let name = unsafe { &mut *(&raw mut storage).cast::<libc::sockaddr_in>() };
            name.sin_family = libc::AF_INET as u16;
            name.sin_port = v4.port().to_be();
            name.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            (storage, size_of::<libc::sockaddr_in>() as u32)
        }
        to => {
            // SAFETY: as above.
            let name = unsafe { &mut *(&raw mut storage).cast::<libc::sockaddr_in6>() };
            name.sin6_family = libc::AF_INET6 as u16;
            name.sin6_port = to.port().to_be();
            name.sin6_addr.s6_addr = mapped(to.ip()).octets();
            if let SocketAddr::V6(v6) = to {
                name.sin6_scope_id = v6.scope_id();
            }
            (storage, size_of::<libc::sockaddr_in6>() as u32)
        }
    }
}

/// What another thread rings to wake the shard.
pub(crate) struct Bell(OwnedFd);

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes two numbers.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd as i32) }))
    }

    pub(crate) fn ring(&self) {
        let one = 1u64;
        // SAFETY: eight bytes that live through the call. A full counter already rings.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    fn quiet(&self) {
        let mut count = 0u64;
        // SAFETY: room for eight bytes that lives through the call. An empty counter is quiet.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }
}

/// Waits for a datagram, the bell, or the time. Whether there is a datagram.
pub(crate) fn wait(socket: BorrowedFd<'_>, bell: &Bell, timeout: Option<Duration>) -> io::Result<bool> {
    let interest = |fd, events| libc::pollfd { fd, events, revents: 0 };
    let mut fds = [interest(socket.as_raw_fd(), libc::POLLIN), interest(bell.0.as_raw_fd(), libc::POLLIN)];
    poll(&mut fds, timeout)?;
    if fds[1].revents != 0 {
        bell.quiet();
    }
    Ok(fds[0].revents != 0)
}

/// Waits until the socket takes datagrams again. Whether it does.
pub(crate) fn wait_writable(socket: BorrowedFd<'_>, timeout: Duration) -> bool {
    let mut fds = [libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLOUT, revents: 0 }];
    poll(&mut fds, Some(timeout)).is_ok() && fds[0].revents & libc::POLLOUT != 0
}

fn poll(fds: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    let time = timeout.map(|t| libc::timespec {
        tv_sec: i64::try_from(t.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(t.subsec_nanos()),
    });
    let pointer = time.as_ref().map_or(std::ptr::null(), |t| &raw const *t);
    // SAFETY: the slice and the time live through the call; a null mask changes no signals.
    match check(unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as u64, pointer, std::ptr::null()) }) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}

/// `CLOCK_MONOTONIC` in µs, the clock of media times.
pub(crate) fn monotonic_micros() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for a timespec that lives through the call. This clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}

/// CPU time this thread has used.
pub(crate) fn thread_cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for a timespec that lives through the call. This clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The addresses of all interfaces that are up.
pub(crate) fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: a place for the list's head; freed below.
    check(unsafe { libc::getifaddrs(&raw mut list) })?;
    let mut found = Vec::new();
    let mut at = list;
    // SAFETY: the list is valid until freed, its entries linked by `ifa_next`, and an address,
    // where there is one, is of the family it says.
    unsafe {
        while let Some(entry) = at.as_ref() {
            if entry.ifa_flags & libc::IFF_UP as u32 != 0
                && let Some(name) = entry.ifa_addr.as_ref()
            {
                match i32::from(name.sa_family) {
                    libc::AF_INET => {
                        let v4 = &*entry.ifa_addr.cast::<libc::sockaddr_in>();
                        found.push(Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes()).into());
                    }
                    libc::AF_INET6 => {
                        let v6 = &*entry.ifa_addr.cast::<libc::sockaddr_in6>();
                        found.push(Ipv6Addr::from(v6.sin6_addr.s6_addr).into());
                    }
                    _ => {}
                }
            }
            at = entry.ifa_next;
        }
        libc::freeifaddrs(list);
    }
    Ok(found)
}
