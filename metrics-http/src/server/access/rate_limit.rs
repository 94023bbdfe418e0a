//! [`RateLimiter`]: a token bucket for each client.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::client::ClientId;
use crate::error::Error;

/// How many requests a client may send, as in Prometheus' web configuration.
#[derive(Clone, Copy)]
pub(in crate::server) struct RateLimit {
    /// The time in which a client gains one request; zero for no limit.
    pub(in crate::server) interval: Duration,
    /// How many requests a client may send at once.
    pub(in crate::server) burst: u32,
}

/// Token buckets of the clients that have sent requests lately.
pub(super) struct RateLimiter {
    interval: Duration,
    /// The time in which an empty bucket is filled.
    filling: Duration,
    /// The time at which the bucket of each client is full; a bucket that is full is not stored.
    ///
    /// This is the generic cell rate algorithm, which needs one number for each bucket.
    full_at: Mutex<HashMap<ClientId, Instant>>,
}

impl RateLimiter {
    /// Creates full buckets; `None` if there is no limit.
    ///
    /// # Errors
    ///
    /// If a bucket holds no request, so that all would be refused.
    pub(super) fn new(limit: RateLimit) -> Result<Option<RateLimiter>, Error> {
        if limit.interval.is_zero() {
            return Ok(None);
        }
        if limit.burst == 0 {
            return Err(Error::setting(
                "a rate limit with a burst of 0 refuses every request; set the burst to 1 or more, \
                 or the interval to 0 for no limit"
                    .to_owned(),
            ));
        }
        Ok(Some(RateLimiter {
            interval: limit.interval,
            filling: limit.interval.saturating_mul(limit.burst),
            full_at: Mutex::default(),
        }))
    }

    /// Takes one request from a client's bucket; the error is the time until it holds one again.
    pub(super) fn take(&self, client: ClientId, now: Instant) -> Result<(), Duration> {
        // Ignores poisoning, because no code that can panic runs under the lock.
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = full_at.get(&client).map_or(now, |&full| full.max(now));
        // Fails only if the interval is longer than the clock can represent.
        let full = full.checked_add(self.interval).ok_or(self.interval)?;
        let wait = full.duration_since(now).saturating_sub(self.filling);
        if !wait.is_zero() {
            return Err(wait);
        }
        if full_at.len() >= MAX_CLIENTS && !full_at.contains_key(&client) {
            make_room(&mut full_at, now);
        }
        full_at.insert(client, full);
        Ok(())
    }
}

/// Removes full buckets, or, if there are none, the one that is closest to being full.
fn make_room(full_at: &mut HashMap<ClientId, Instant>, now: Instant) {
    full_at.retain(|_, full| *full > now);
    if full_at.len() >= MAX_CLIENTS {
        let fullest = full_at.iter().min_by_key(|(_, full)| **full);
        if let Some(client) = fullest.map(|(client, _)| *client) {
            full_at.remove(&client);
        }
    }
}

/// Limit on the buckets that are stored, so that clients with many addresses cannot fill the
/// memory: about 64 KiB.
const MAX_CLIENTS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(burst: u32) -> RateLimiter {
        let limit = RateLimit {
            interval: SECOND,
            burst,
        };
        RateLimiter::new(limit).unwrap().unwrap()
    }

    fn client(number: u32) -> ClientId {
        ClientId::V4(number.to_be_bytes())
    }

    #[test]
    fn a_client_may_send_a_burst_and_then_one_request_in_each_interval() {
        let (limiter, start) = (limiter(3), Instant::now());
        for _ in 0..3 {
            assert_eq!(limiter.take(client(1), start), Ok(()));
        }
        assert_eq!(limiter.take(client(1), start), Err(SECOND));
        assert_eq!(limiter.take(client(1), start + SECOND / 2), Err(SECOND / 2));
        assert_eq!(limiter.take(client(1), start + SECOND), Ok(()));
        assert_eq!(limiter.take(client(1), start + SECOND), Err(SECOND));
    }

    #[test]
    fn a_client_that_pauses_gains_no_more_than_a_burst() {
        let (limiter, start) = (limiter(2), Instant::now());
        assert_eq!(limiter.take(client(1), start), Ok(()));
        let later = start + 1000 * SECOND;
        assert_eq!(limiter.take(client(1), later), Ok(()));
        assert_eq!(limiter.take(client(1), later), Ok(()));
        assert_eq!(limiter.take(client(1), later), Err(SECOND));
    }

    #[test]
    fn one_client_does_not_use_up_the_requests_of_another() {
        let (limiter, start) = (limiter(1), Instant::now());
        assert_eq!(limiter.take(client(1), start), Ok(()));
        assert!(limiter.take(client(1), start).is_err());
        assert_eq!(limiter.take(client(2), start), Ok(()));
    }

    #[test]
    fn the_number_of_stored_buckets_is_limited() {
        let (limiter, start) = (limiter(10), Instant::now());
        for number in 0..2 * MAX_CLIENTS as u32 {
            assert_eq!(limiter.take(client(number), start), Ok(()));
        }
        assert_eq!(limiter.full_at.lock().unwrap().len(), MAX_CLIENTS);
    }

    #[test]
    fn the_emptiest_buckets_are_kept_when_there_are_too_many() {
        let (limiter, start) = (limiter(2), Instant::now());
        assert_eq!(limiter.take(client(0), start), Ok(()));
        assert_eq!(limiter.take(client(0), start), Ok(()));
        for number in 1..2 * MAX_CLIENTS as u32 {
            assert_eq!(limiter.take(client(number), start), Ok(()));
        }
        assert_eq!(limiter.take(client(0), start), Err(SECOND));
    }

    #[test]
    fn an_interval_of_zero_is_no_limit() {
        let limit = RateLimit {
            interval: Duration::ZERO,
            burst: 0,
        };
        assert!(RateLimiter::new(limit).unwrap().is_none());
    }

    #[test]
    fn intervals_that_the_clock_cannot_represent_do_not_panic() {
        let limit = RateLimit {
            interval: Duration::MAX,
            burst: u32::MAX,
        };
        let limiter = RateLimiter::new(limit).unwrap().unwrap();
        let now = Instant::now();
        assert!(limiter.take(client(1), now).is_err());
    }
}
