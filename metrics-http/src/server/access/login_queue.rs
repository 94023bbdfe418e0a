//! [`LoginQueue`]: jobs of clients, who are served in turn.

use std::collections::VecDeque;

use super::client::ClientId;

/// A queue in which a client with many jobs does not delay the first job of another one.
///
/// Its length is limited, for each client and in all.
pub(super) struct LoginQueue<J> {
    /// Clients with jobs, in the order in which they are served.
    turns: VecDeque<Turn<J>>,
    next_number: u64,
}

/// A job, and whether its client has probably hung up.
pub(super) trait Abandonable {
    fn is_abandoned(&self) -> bool;
}

struct Turn<J> {
    client: ClientId,
    /// Numbered jobs, the oldest first; never empty.
    jobs: VecDeque<(u64, J)>,
}

impl<J: Abandonable> LoginQueue<J> {
    /// Adds a job; returns its number.
    ///
    /// If the queue is full, a job is dropped, which may be the added one.
    pub(super) fn push(&mut self, client: ClientId, job: J) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        match self.turns.iter_mut().find(|turn| turn.client == client) {
            Some(turn) => turn.jobs.push_back((number, job)),
            None => self.turns.push_back(Turn {
                client,
                jobs: VecDeque::from([(number, job)]),
            }),
        }
        if self.len() > MAX_JOBS {
            self.drop_job();
        }
        number
    }

    /// Takes a job of the client whose turn it is: the oldest one that is not abandoned, if any.
    ///
    /// First, this method drops jobs of each client that has more than [`MAX_JOBS_OF_CLIENT`].
    /// `push` does not, because a client that sends a request and hangs up is known to have hung up
    /// only some time after its job was added.
    pub(super) fn pop(&mut self) -> Option<J> {
        for turn in &mut self.turns {
            while turn.jobs.len() > MAX_JOBS_OF_CLIENT {
                turn.drop_job();
            }
        }
        let mut turn = self.turns.pop_front()?;
        let wanted = turn.jobs.iter().position(|(_, job)| !job.is_abandoned());
        let (_, job) = turn.jobs.remove(wanted.unwrap_or(0))?;
        if !turn.jobs.is_empty() {
            self.turns.push_back(turn);
        }
        Some(job)
    }

    /// Removes a job, if it is still in the queue.
    pub(super) fn remove(&mut self, client: ClientId, number: u64) {
        if let Some(position) = self.turns.iter().position(|turn| turn.client == client) {
            let jobs = &mut self.turns[position].jobs;
            jobs.retain(|(other, _)| *other != number);
            if jobs.is_empty() {
                self.turns.remove(position);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.turns.iter().map(|turn| turn.jobs.len()).sum()
    }

    /// Drops an abandoned job, or else the newest one of the client with the most jobs.
    fn drop_job(&mut self) {
        let turns = &self.turns;
        let abandoned = turns.iter().position(|turn| turn.abandoned().is_some());
        // Of clients with equally many jobs, `max_by_key` returns the one that is served last.
        let longest = (0..turns.len()).max_by_key(|&position| turns[position].jobs.len());
        if let Some(position) = abandoned.or(longest) {
            let turn = &mut self.turns[position];
            turn.drop_job();
            if turn.jobs.is_empty() {
                self.turns.remove(position);
            }
        }
    }
}

impl<J: Abandonable> Turn<J> {
    /// The position of the oldest abandoned job.
    fn abandoned(&self) -> Option<usize> {
        self.jobs.iter().position(|(_, job)| job.is_abandoned())
    }

    /// Drops an abandoned job, or else the newest one.
    ///
    /// The older ones are kept, so that a client gets a login through sooner or later, even if
    /// others at its address never stop sending wrong passwords.
    fn drop_job(&mut self) {
        match self.abandoned() {
            Some(position) => drop(self.jobs.remove(position)),
            None => drop(self.jobs.pop_back()),
        }
    }
}

impl<J> Default for LoginQueue<J> {
    fn default() -> Self {
        LoginQueue {
            turns: VecDeque::new(),
            next_number: 0,
        }
    }
}

/// Allows a client, for example a page with several requests at once, a few logins, and limits
/// their time.
const MAX_JOBS_OF_CLIENT: usize = 4;
/// Limits the time that the last job waits, and the memory.
pub(super) const MAX_JOBS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> ClientId {
        ClientId::V4([192, 0, 2, number])
    }

    impl Abandonable for &str {
        fn is_abandoned(&self) -> bool {
            self.starts_with("abandoned")
        }
    }

    fn rest(mut queue: LoginQueue<&str>) -> Vec<&str> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn clients_are_served_in_turn() {
        let mut queue = LoginQueue::default();
        for job in ["a1", "a2", "a3"] {
            queue.push(client(1), job);
        }
        queue.push(client(2), "b1");
        queue.push(client(3), "c1");
        queue.push(client(2), "b2");
        assert_eq!(rest(queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn the_newest_job_of_a_client_with_too_many_is_dropped() {
        let mut queue = LoginQueue::default();
        for job in ["a1", "a2", "a3", "a4", "a5"] {
            queue.push(client(1), job);
        }
        queue.push(client(2), "b1");
        assert_eq!(rest(queue), ["a1", "b1", "a2", "a3", "a4"]);
    }

    #[test]
    fn an_abandoned_job_is_dropped_first_and_served_last() {
        let mut queue = LoginQueue::default();
        for job in ["abandoned 1", "abandoned 2", "a3", "a4", "a5"] {
            queue.push(client(1), job);
        }
        assert_eq!(rest(queue), ["a3", "a4", "a5", "abandoned 2"]);
        let mut queue = LoginQueue::default();
        queue.push(client(0), "abandoned");
        for number in 1..=MAX_JOBS as u8 {
            queue.push(client(number), "other");
        }
        assert_eq!(rest(queue), ["other"; MAX_JOBS]);
    }

    #[test]
    fn a_full_queue_drops_a_job_of_the_client_with_the_most() {
        let mut queue = LoginQueue::default();
        queue.push(client(0), "first of two");
        queue.push(client(0), "second of two");
        for number in 1..MAX_JOBS as u8 - 1 {
            queue.push(client(number), "other");
        }
        assert_eq!(queue.len(), MAX_JOBS);
        queue.push(client(200), "last");
        let rest = rest(queue);
        assert_eq!(rest.len(), MAX_JOBS);
        assert_eq!((rest[0], rest.last()), ("first of two", Some(&"last")));
        assert!(!rest.contains(&"second of two"));
    }

    #[test]
    fn a_queue_full_of_clients_with_one_job_drops_that_of_a_further_client() {
        let mut queue = LoginQueue::default();
        for number in 0..MAX_JOBS as u8 {
            queue.push(client(number), "early");
        }
        queue.push(client(200), "late");
        assert_eq!(rest(queue), ["early"; MAX_JOBS]);
    }

    #[test]
    fn a_removed_job_is_not_served() {
        let mut queue = LoginQueue::default();
        let first = queue.push(client(1), "a1");
        queue.push(client(1), "a2");
        let other = queue.push(client(2), "b1");
        queue.remove(client(1), first);
        queue.remove(client(2), other);
        queue.remove(client(2), other);
        assert_eq!(rest(queue), ["a2"]);
    }
}
