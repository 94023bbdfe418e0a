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

struct Turn<J> {
    client: ClientId,
    /// Numbered jobs, the oldest first; never empty.
    jobs: VecDeque<(u64, J)>,
}

impl<J> LoginQueue<J> {
    /// Adds a job; returns its number.
    ///
    /// If that exceeds a limit, the oldest job of the client with the most jobs is dropped.
    pub(super) fn push(&mut self, client: ClientId, job: J) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        let turn = self.turns.iter_mut().find(|turn| turn.client == client);
        match turn {
            Some(turn) => {
                turn.jobs.push_back((number, job));
                if turn.jobs.len() > MAX_JOBS_OF_CLIENT {
                    turn.jobs.pop_front();
                }
            }
            None => self.turns.push_back(Turn {
                client,
                jobs: VecDeque::from([(number, job)]),
            }),
        }
        if self.len() > MAX_JOBS {
            self.drop_one();
        }
        number
    }

    /// Takes the oldest job of the client whose turn it is.
    pub(super) fn pop(&mut self) -> Option<J> {
        let mut turn = self.turns.pop_front()?;
        let (_, job) = turn.jobs.pop_front()?;
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

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    fn len(&self) -> usize {
        self.turns.iter().map(|turn| turn.jobs.len()).sum()
    }

    /// Drops the oldest job of the client with the most jobs; of several, the one served next.
    fn drop_one(&mut self) {
        let most = self.turns.iter().map(|turn| turn.jobs.len()).max();
        let position = self
            .turns
            .iter()
            .position(|turn| Some(turn.jobs.len()) == most);
        if let Some(position) = position {
            let turn = &mut self.turns[position];
            turn.jobs.pop_front();
            if turn.jobs.is_empty() {
                self.turns.remove(position);
            }
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

/// Allows a client, for example a page with several requests at once, a few logins.
pub(super) const MAX_JOBS_OF_CLIENT: usize = 4;
/// Limits the time that the last job waits, and the memory.
pub(super) const MAX_JOBS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> ClientId {
        ClientId::V4([192, 0, 2, number])
    }

    fn rest<J>(mut queue: LoginQueue<J>) -> Vec<J> {
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
    fn the_oldest_job_of_a_client_with_too_many_is_dropped() {
        let mut queue = LoginQueue::default();
        for job in 0..=MAX_JOBS_OF_CLIENT {
            queue.push(client(1), job);
        }
        queue.push(client(2), 100);
        assert_eq!(rest(queue), [1, 100, 2, 3, 4]);
    }

    #[test]
    fn a_full_queue_drops_a_job_of_the_client_with_the_most() {
        let mut queue = LoginQueue::default();
        queue.push(client(0), "first");
        queue.push(client(1), "oldest of two");
        for number in 1..MAX_JOBS as u8 - 1 {
            queue.push(client(number), "other");
        }
        assert_eq!(queue.len(), MAX_JOBS);
        queue.push(client(200), "last");
        let rest = rest(queue);
        assert_eq!(rest.len(), MAX_JOBS);
        assert_eq!((rest[0], rest.last()), ("first", Some(&"last")));
        assert!(!rest.contains(&"oldest of two"));
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
