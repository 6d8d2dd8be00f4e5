//! Which addresses peers are told.

use crate::sys;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// More addresses only make the check list of each peer longer.
const MOST: usize = 16;

/// The candidates of a socket bound to `bound`: the public addresses first, then, on the
/// unspecified address, those of all interfaces and the loopback.
pub(crate) fn candidates(bound: SocketAddr, public: &[IpAddr]) -> io::Result<Vec<SocketAddr>> {
    let hosts = if bound.ip().is_unspecified() { sys::interface_addresses()? } else { vec![bound.ip()] };
    Ok(choose(bound, public, hosts))
}

fn choose(bound: SocketAddr, public: &[IpAddr], hosts: Vec<IpAddr>) -> Vec<SocketAddr> {
    let any = bound.ip().is_unspecified();
    let reachable = |ip: &IpAddr| match ip {
        IpAddr::V4(v4) => !any || !(v4.is_loopback() || v4.is_link_local()),
        IpAddr::V6(v6) => bound.is_ipv6() && (!any || !(v6.is_loopback() || v6.is_unicast_link_local())),
    };
    let mut ips: Vec<IpAddr> = public.to_vec();
    for ip in hosts.into_iter().filter(reachable) {
        if !ips.contains(&ip) {
            ips.push(ip);
        }
    }
    ips.truncate(MOST - 2);
    if any {
        ips.push(Ipv4Addr::LOCALHOST.into());
        if bound.is_ipv6() {
            ips.push(Ipv6Addr::LOCALHOST.into());
        }
    }
    ips.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bound: &str, public: &[&str], hosts: &[&str]) -> Vec<String> {
        let ips = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<IpAddr>>();
        let chosen = choose(bound.parse().unwrap(), &ips(public), ips(hosts));
        chosen.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_and_only_what_can_be_reached() {
        let hosts = ["127.0.0.1", "10.0.0.5", "169.254.3.3", "::1", "fe80::1", "2001:db8::5"];
        assert_eq!(told("0.0.0.0:8189", &[], &hosts), ["10.0.0.5:8189", "127.0.0.1:8189"]);
        assert_eq!(
            told("0.0.0.0:8189", &["203.0.113.9"], &hosts),
            ["203.0.113.9:8189", "10.0.0.5:8189", "127.0.0.1:8189"]
        );
        assert_eq!(
            told("[::]:8189", &[], &hosts),
            ["10.0.0.5:8189", "[2001:db8::5]:8189", "127.0.0.1:8189", "[::1]:8189"]
        );
        assert_eq!(told("127.0.0.1:5000", &[], &["127.0.0.1"]), ["127.0.0.1:5000"]);
    }
}
