//! How often somebody may knock: token buckets per client address.

use palco_base::{Class, Fault};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Addresses remembered at most. When there are more, those that are full again are forgotten.
const ADDRESSES: usize = 10_000;

/// The limits of the site's doors.
pub(crate) struct Limits {
    /// Passwords tried.
    pub(crate) sign_in: Limiter,
    /// Mails asked for.
    pub(crate) mail: Limiter,
    /// Orders.
    pub(crate) buy: Limiter,
    /// Quotes asked for.
    pub(crate) quote: Limiter,
    /// Codes that were not there: orders, tickets, statements, promo codes.
    pub(crate) misses: Limiter,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_in: Limiter::new(10, 0.1),
            mail: Limiter::new(5, 0.02),
            buy: Limiter::new(20, 0.5),
            quote: Limiter::new(120, 4.0),
            misses: Limiter::new(20, 0.2),
        }
    }
}

/// One limit: so many at once, then so many per second, for each client.
pub(crate) struct Limiter {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Limiter {
    fn new(burst: u32, per_second: f64) -> Self {
        Self { burst: f64::from(burst), per_second, buckets: Mutex::default() }
    }

    /// Counts one knock. Nobody knows the address: nobody is counted (tests, a socket without one).
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn knock(&self, from: Option<IpAddr>) -> Result<(), Fault> {
        self.take(from, Instant::now(), 1.0)
    }

    /// Whether one more knock would be let in; counts nothing.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn free(&self, from: Option<IpAddr>) -> Result<(), Fault> {
        self.take(from, Instant::now(), 0.0)
    }

    fn take(&self, from: Option<IpAddr>, now: Instant, cost: f64) -> Result<(), Fault> {
        let Some(from) = from.map(client).filter(|from| !from.is_loopback()) else { return Ok(()) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES {
            buckets.retain(|_, bucket| self.filled(bucket, now) < self.burst);
        }
        // An attacker with ten thousand addresses gets a bucket to share with all newcomers.
        let crowded = buckets.len() >= ADDRESSES && !buckets.contains_key(&from);
        let key = if crowded { IpAddr::from([0; 16]) } else { from };
        let bucket = buckets.entry(key).or_insert(Bucket { left: self.burst, at: now });
        *bucket = Bucket { left: self.filled(bucket, now), at: now };
        if bucket.left < 1.0 {
            let text = "Too many tries from your address.";
            return Err(Fault::new(Class::RateLimited, "too_many_requests", text)
                .hint("Wait a minute, then try again."));
        }
        bucket.left -= cost;
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + seconds * self.per_second).min(self.burst)
    }
}

/// Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits; loopback stays itself.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            IpAddr::V6(octets.into())
        }
        it => it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_then_a_trickle_and_loopback_is_free() {
        let limiter = Limiter::new(2, 0.5);
        let (start, from) = (Instant::now(), Some(IpAddr::from([192, 0, 2, 1])));
        let knock = |after: u64| limiter.take(from, start + Duration::from_secs(after), 1.0).is_ok();
        assert_eq!([knock(0), knock(0), knock(0), knock(2), knock(2)], [true, true, false, true, false]);
        for local in [None, Some(IpAddr::from([127, 0, 0, 1])), "::1".parse().ok()] {
            assert!((0..50).all(|_| limiter.knock(local).is_ok()));
        }
    }

    #[test]
    fn looking_costs_nothing_and_memory_is_bounded() {
        let limiter = Limiter::new(1, 0.0);
        let from = "2001:db8::1".parse().ok();
        assert!((0..9).all(|_| limiter.free(from).is_ok()));
        assert!(limiter.knock(from).is_ok());
        assert!(limiter.free("2001:db8::2".parse().ok()).is_err(), "one network is one client");
        for n in 0..20_000u32 {
            let _ = limiter.knock(Some(IpAddr::from((0x0a00_0000 + n).to_be_bytes())));
        }
        assert!(limiter.buckets.lock().unwrap().len() <= ADDRESSES + 1);
    }
}
