//! The UDP socket of a session, and which of our addresses a peer sees.

use palco_base::Fault;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// Larger than any datagram WebRTC sends; what is longer is cut, and then fails authentication.
pub(crate) const DATAGRAM: usize = 2_048;

pub(crate) struct Link {
    pub(crate) socket: UdpSocket,
    port: u16,
    /// Our address towards a peer's. Filled as peers appear; a session has a handful.
    routes: HashMap<IpAddr, Option<IpAddr>>,
    near: IpAddr,
}

impl Link {
    /// Opens a socket on the way to the server of this URL.
    ///
    /// # Errors
    /// When the name does not resolve, or there is no way there.
    pub(crate) fn open(url: &str) -> Result<Self, Fault> {
        let server = resolve(url)?;
        let no_way = |e: std::io::Error| {
            Fault::unavailable("no_network", "This computer has no network towards the server.").internal(e)
        };
        let near = route(server.ip()).map_err(no_way)?;
        let bind = match near {
            near if near.is_loopback() => near,
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((bind, 0)).map_err(no_way)?;
        socket.set_nonblocking(true).map_err(no_way)?;
        let port = socket.local_addr().map_err(no_way)?.port();
        Ok(Self { socket, port, routes: HashMap::new(), near })
    }

    /// The address we expect the server to see.
    pub(crate) fn near(&self) -> SocketAddr {
        SocketAddr::new(self.near, self.port)
    }

    /// Our address as `peer` sees it; none if it cannot be reached from this socket.
    pub(crate) fn towards(&mut self, peer: IpAddr) -> Option<SocketAddr> {
        let near = self.near;
        let found = *self.routes.entry(peer).or_insert_with(|| {
            if near.is_loopback() {
                // Bound to it: nothing else can be our source.
                (peer.is_ipv4() == near.is_ipv4()).then_some(near)
            } else {
                route(peer).ok().filter(|ip| !ip.is_loopback() && ip.is_ipv4() == near.is_ipv4())
            }
        });
        found.map(|ip| SocketAddr::new(ip, self.port))
    }
}

/// The source address the kernel takes towards `peer`. Sends nothing.
fn route(peer: IpAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr =
        if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((peer, 9))?;
    Ok(socket.local_addr()?.ip())
}

/// Where the URL's host is. IPv4 first: servers without IPv6 media still have `::1` by name.
fn resolve(url: &str) -> Result<SocketAddr, Fault> {
    let bad = || {
        Fault::invalid("bad_url", "This is not a web address.")
            .hint("It looks like http://host:8080/whip/name.")
    };
    let origin = crate::http::origin(url);
    let (scheme, authority) = origin.split_once("://").ok_or_else(bad)?;
    let port = if scheme == "https" { 443 } else { 80 };
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let with_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let text = if with_port { authority.to_owned() } else { format!("{authority}:{port}") };
    let unknown = || {
        Fault::unavailable("server_unreachable", format!("There is no computer called {authority}."))
            .hint("Check the address.")
    };
    let all: Vec<_> = text.to_socket_addrs().map_err(|e| unknown().internal(e))?.collect();
    all.iter().find(|a| a.is_ipv4()).or(all.first()).copied().ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_with_and_without_port() {
        for (url, addr) in [
            ("http://127.0.0.1:8080/whip/x", "127.0.0.1:8080"),
            ("http://127.0.0.1/whip/x", "127.0.0.1:80"),
            ("https://127.0.0.1?x", "127.0.0.1:443"),
            ("http://[::1]:81", "[::1]:81"),
            ("http://[::1]/x", "[::1]:80"),
        ] {
            assert_eq!(resolve(url).ok(), addr.parse().ok(), "{url}");
        }
        assert_eq!(resolve("127.0.0.1").err().map(|f| f.code), Some("bad_url"));
    }

    #[test]
    fn towards_this_machine_we_stay_on_it() {
        let mut link = Link::open("http://127.0.0.1:1/").unwrap();
        assert!(link.near().ip().is_loopback());
        assert_eq!(link.towards([127, 0, 0, 1].into()), Some(link.near()));
        assert_eq!(link.towards(Ipv6Addr::LOCALHOST.into()), None);
    }
}
