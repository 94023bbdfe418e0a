//! Loom's atomics, locks and thread-local values, with the interface of
//! `metrics-core/src/storage/sync.rs`, which this file replaces in this package.
//!
//! Loom treats a `SeqCst` access as `AcqRel`. Here, a `SeqCst` write is followed by a release of
//! one atomic that all such accesses share, and a `SeqCst` load is preceded by an acquire of it.
//! So a `SeqCst` load sees the `SeqCst` writes that precede it in one order of all of them, and the
//! model adds little synchronisation beyond that.

use std::{
    cell::{Cell, RefCell},
    fmt,
    marker::PhantomData,
    mem, ptr,
    rc::Rc,
    sync::{Arc, OnceLock, atomic::Ordering},
    thread,
};

use loom::sync::{Condvar, atomic};
pub(crate) use loom::{
    sync::{Mutex, MutexGuard, atomic::fence},
    thread::yield_now as spin_loop,
};

loom::lazy_static! {
    static ref SEQ_CST: atomic::AtomicU64 = atomic::AtomicU64::new(0);
}

fn release_seq_cst(order: Ordering) {
    if order == Ordering::SeqCst {
        SEQ_CST.fetch_add(0, Ordering::Release);
    }
}

fn acquire_seq_cst(order: Ordering) {
    if order == Ordering::SeqCst {
        SEQ_CST.fetch_add(0, Ordering::Acquire);
    }
}

std::thread_local! {
    /// Atomics that are not in use. All loom threads of a model run in one thread.
    static UNUSED: RefCell<Vec<Arc<Tracked>>> = const { RefCell::new(Vec::new()) };
}

/// The number of atomics that the threads of a model may use.
const ATOMICS: usize = 1024;

/// Starts an execution of a model.
pub(crate) fn start() {
    let new = || {
        Arc::new(Tracked {
            atomic: atomic::AtomicU64::new(0),
            accesses: Condvar::new(),
        })
    };
    UNUSED.with(|unused| *unused.borrow_mut() = (0..ATOMICS).map(|_| new()).collect());
}

/// An atomic, all accesses to which loom explores in both orders.
///
/// Loom compares a store with the last access only. If that is a load by the same thread, loom does
/// not try the store before an earlier load by another thread. Each access therefore notifies a
/// condition variable that nothing waits for, which orders no memory: loom treats any two of these
/// notifications as dependent.
struct Tracked {
    atomic: atomic::AtomicU64,
    accesses: Condvar,
}

/// An atomic that can be created in a constant, which loom's cannot.
///
/// The atomic of loom is one of those that were created at the start of the execution. If it were
/// created at the first access, an access by another thread could race with the creation.
struct Lazy(OnceLock<Arc<Tracked>>);

impl Lazy {
    const fn new() -> Self {
        Lazy(OnceLock::new())
    }

    fn access(&self) -> &atomic::AtomicU64 {
        let tracked = self.0.get_or_init(|| {
            let unused = UNUSED.with(|unused| unused.borrow_mut().pop());
            unused.expect("the model uses at most `ATOMICS` atomics")
        });
        tracked.accesses.notify_one();
        &tracked.atomic
    }

    fn load(&self, order: Ordering) -> u64 {
        if thread::panicking() {
            // A failed model drops its values outside of loom. Regions then look as if they were not
            // registered, so that they do nothing.
            return 0;
        }
        acquire_seq_cst(order);
        self.access().load(order)
    }

    /// Calls `write`, which changes the atomic with this ordering.
    fn write<R>(&self, order: Ordering, write: impl FnOnce(&atomic::AtomicU64) -> R) -> R {
        let result = write(self.access());
        release_seq_cst(order);
        result
    }
}

/// Declares an atomic whose values are converted to those of [`Lazy`]. Its first value is zero.
macro_rules! atomic {
    ($name:ident $(<$parameter:ident>)?, $value:ty, $is_zero:expr, $to:expr, $from:expr) => {
        pub(crate) struct $name $(<$parameter>)? {
            atomic: Lazy,
            $(value: PhantomData<fn() -> $parameter>,)?
        }

        impl $(<$parameter>)? $name $(<$parameter>)? {
            pub(crate) const fn new(value: $value) -> Self {
                assert!($is_zero(value), "only atomics that are zero at first");
                $name {
                    atomic: Lazy::new(),
                    $(value: PhantomData::<fn() -> $parameter>,)?
                }
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                $from(self.atomic.load(order))
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                self.atomic.write(order, |atomic| atomic.store($to(value), order));
            }

            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                $from(self.atomic.write(order, |atomic| atomic.swap($to(value), order)))
            }
        }

        impl $(<$parameter>)? fmt::Debug for $name $(<$parameter>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

const fn is_zero_u64(value: u64) -> bool {
    value == 0
}

const fn is_zero_u32(value: u32) -> bool {
    value == 0
}

const fn is_false(value: bool) -> bool {
    !value
}

const fn is_null<T>(value: *mut T) -> bool {
    value.is_null()
}

atomic!(AtomicU64, u64, is_zero_u64, |value| value, |bits| bits);
atomic!(AtomicU32, u32, is_zero_u32, u64::from, |bits| bits as u32);
atomic!(AtomicBool, bool, is_false, u64::from, |bits| bits != 0);
atomic!(
    AtomicPtr<T>,
    *mut T,
    is_null,
    |pointer: *mut T| pointer.expose_provenance() as u64,
    |bits| ptr::with_exposed_provenance_mut(bits as usize)
);

impl<T> AtomicPtr<T> {
    pub(crate) fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        let bits = |pointer: *mut T| pointer.expose_provenance() as u64;
        let pointer = |bits| ptr::with_exposed_provenance_mut(bits as usize);
        let result = self.atomic.write(success, |atomic| {
            atomic.compare_exchange(bits(current), bits(new), success, failure)
        });
        result.map(pointer).map_err(pointer)
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        AtomicPtr::new(ptr::null_mut())
    }
}

macro_rules! integer {
    ($name:ident, $value:ty) => {
        impl Default for $name {
            fn default() -> Self {
                $name::new(0)
            }
        }

        impl $name {
            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let result = self.atomic.write(success, |atomic| {
                    atomic.compare_exchange(current.into(), new.into(), success, failure)
                });
                match result {
                    Ok(value) => Ok(value as $value),
                    Err(value) => Err(value as $value),
                }
            }

            pub(crate) fn fetch_add(&self, n: $value, order: Ordering) -> $value {
                let fetch_add = |atomic: &atomic::AtomicU64| atomic.fetch_add(n.into(), order);
                self.atomic.write(order, fetch_add) as $value
            }

            pub(crate) fn fetch_sub(&self, n: $value, order: Ordering) -> $value {
                let fetch_sub = |atomic: &atomic::AtomicU64| atomic.fetch_sub(n.into(), order);
                self.atomic.write(order, fetch_sub) as $value
            }

            pub(crate) fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                let fetch_or = |atomic: &atomic::AtomicU64| atomic.fetch_or(bits.into(), order);
                self.atomic.write(order, fetch_or) as $value
            }

            pub(crate) fn fetch_and(&self, bits: $value, order: Ordering) -> $value {
                let fetch_and = |atomic: &atomic::AtomicU64| atomic.fetch_and(bits.into(), order);
                self.atomic.write(order, fetch_and) as $value
            }
        }
    };
}

integer!(AtomicU64, u64);
integer!(AtomicU32, u32);

/// Declares a static that has a new value in each execution of a model.
macro_rules! shared_static {
    ($(#[$attribute:meta])* pub(super) static $name:ident: $type:ty = $value:expr;) => {
        loom::lazy_static! {
            $(#[$attribute])*
            pub(super) static ref $name: $type = $value;
        }
    };
}

pub(crate) use shared_static;

/// Two ranges, so that models of windows are small.
pub(crate) const RANGE_BITS: u32 = 1;

/// Two lists, so that models of windows are small.
pub(crate) const CHAINS: usize = 2;

/// Two slots, so that models of growing directories are small.
pub(crate) const FIRST_DIRECTORY: usize = 2;

/// A few words, because loom tracks each of them.
pub(crate) const FIRST_CHUNK: usize = 4;

/// Two lists, so that a scrape loads few pointers.
pub(crate) const STRIPE_LISTS: usize = 2;

std::thread_local! {
    static DIRECT_READS: Cell<usize> = const { Cell::new(4) };
    static MAX_OWNERS: Cell<usize> = const { Cell::new(8) };
}

/// The number of times that a scrape tries to read a block before it requests a copy.
pub(crate) fn direct_reads() -> usize {
    DIRECT_READS.with(Cell::get)
}

/// Sets [`direct_reads`] for the models of the calling test.
pub(crate) fn set_direct_reads(attempts: usize) {
    DIRECT_READS.with(|reads| reads.set(attempts));
}

/// The number of threads that may own heap cells of one region.
pub(crate) fn max_owners() -> usize {
    MAX_OWNERS.with(Cell::get)
}

/// Sets [`max_owners`] for the models of the calling test. All threads of a model run in one thread
/// of the operating system.
pub(crate) fn set_max_owners(owners: usize) {
    MAX_OWNERS.with(|max| max.set(owners));
}

/// A constant, because loom repeats a model with the same decisions.
pub(crate) fn hash_seed() -> [u64; 2] {
    [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f]
}

/// A thread-local value, which [`end_thread`] drops.
pub(crate) struct LocalKey<T: 'static>(pub(crate) &'static loom::thread::LocalKey<Local<T>>);

/// The value of a thread; `None` after its end.
pub(crate) struct Local<T>(RefCell<Option<Rc<T>>>);

impl<T> Local<T> {
    pub(crate) fn new(value: T) -> Self {
        Local(RefCell::new(Some(Rc::new(value))))
    }
}

impl<T> Drop for Local<T> {
    fn drop(&mut self) {
        if thread::panicking() {
            // A failed model drops its values outside of loom, where a thread cannot end.
            mem::forget(self.0.take());
        }
    }
}

/// The error of an access to a value of a thread that has ended.
#[derive(Debug)]
pub(crate) struct Ended;

loom::thread_local! {
    /// Functions that drop the thread's values.
    static ENDS: RefCell<Vec<fn()>> = RefCell::new(Vec::new());
}

impl<T> LocalKey<T> {
    pub(crate) fn try_with<R>(&'static self, run: impl FnOnce(&T) -> R) -> Result<R, Ended> {
        // Clones the `Rc` and releases the borrow, because `run` may access the value as well.
        let value = self.0.with(|value| value.0.borrow().clone());
        value.map(|value| run(&value)).ok_or(Ended)
    }

    pub(crate) fn with<R>(&'static self, run: impl FnOnce(&T) -> R) -> R {
        self.try_with(run).expect("the thread runs")
    }

    pub(crate) fn end(&'static self) {
        let value = self.0.with(|value| value.0.borrow_mut().take());
        // Drops the value after the statement above has removed it, so that the value's destructor
        // cannot access the value.
        drop(value);
    }
}

/// Registers a function that drops one of the calling thread's values.
pub(crate) fn at_end(end: fn()) {
    ENDS.with(|ends| ends.borrow_mut().push(end));
}

/// Drops the calling thread's values, as its end does in a real program.
pub(crate) fn end_thread() {
    for end in ENDS.with(RefCell::take) {
        end();
    }
}

macro_rules! thread_values {
    ($(static $name:ident: $type:ty = const $value:block;)+) => {$(
        static $name: $crate::storage::sync::LocalKey<$type> = {
            loom::thread_local! {
                static VALUE: $crate::storage::sync::Local<$type> = {
                    if ::std::mem::needs_drop::<$type>() {
                        $crate::storage::sync::at_end(|| $name.end());
                    }
                    $crate::storage::sync::Local::new($value)
                };
            }
            $crate::storage::sync::LocalKey(&VALUE)
        };
    )+};
}

pub(crate) use thread_values as thread_local;
