//! How often somebody may knock: token buckets per client address.

use palco_base::{Class, Fault};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Addresses remembered at most. When there are more, those that are full again are forgotten.
const ADDRESSES: usize = 10_000;

/// A limit: so many at once, then so many per second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Then per second.
    pub per_second: f64,
}

/// One limit for every client.
pub(crate) struct Limiter {
    rate: Rate,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Counts one knock.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn knock(&self, from: IpAddr, now: Instant) -> Result<(), Fault> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let most = f64::from(self.rate.burst);
        if buckets.len() >= ADDRESSES {
            buckets.retain(|_, bucket| self.filled(bucket, now) < most);
        }
        // An attacker with ten thousand addresses gets a bucket to share with all newcomers.
        let key = if buckets.len() >= ADDRESSES { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { client(from) };
        let bucket = buckets.entry(key).or_insert(Bucket { left: most, at: now });
        *bucket = Bucket { left: self.filled(bucket, now), at: now };
        if bucket.left < 1.0 {
            return Err(Fault::new(
                Class::RateLimited,
                "too_many_requests",
                "Too many requests from your address.",
            )
            .hint("Wait a few seconds."));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + seconds * self.rate.per_second).min(f64::from(self.rate.burst))
    }
}

/// Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            IpAddr::V6(octets.into())
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_then_a_trickle() {
        let limiter = Limiter::new(Rate { burst: 3, per_second: 0.5 });
        let (start, from) = (Instant::now(), IpAddr::from([192, 0, 2, 1]));
        let knock = |after: u64| limiter.knock(from, start + Duration::from_secs(after)).is_ok();
        assert_eq!([knock(0), knock(0), knock(0), knock(0)], [true, true, true, false]);
        assert_eq!([knock(1), knock(2), knock(2)], [false, true, false]);
        assert_eq!([knock(100), knock(100), knock(100), knock(100)], [true, true, true, false]);
        let other = IpAddr::from([192, 0, 2, 2]);
        assert!(limiter.knock(other, start).is_ok(), "others are not affected");
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let limiter = Limiter::new(Rate { burst: 1, per_second: 0.0 });
        let now = Instant::now();
        assert!(limiter.knock("2001:db8::1".parse().unwrap(), now).is_ok());
        assert!(limiter.knock("2001:db8::2".parse().unwrap(), now).is_err());
        assert!(limiter.knock("2001:db8:0:1::1".parse().unwrap(), now).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::new(Rate { burst: 1, per_second: 0.0 });
        let now = Instant::now();
        for n in 0..20_000u32 {
            let _ = limiter.knock(IpAddr::from((0x0a00_0000 + n).to_be_bytes()), now);
        }
        assert!(limiter.buckets.lock().unwrap().len() <= ADDRESSES + 1);
    }
}
