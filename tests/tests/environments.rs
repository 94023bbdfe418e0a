//! Tests of recording in dynamically loaded libraries and in forked child processes.
//!
//! `allocator.rs` tests allocators that record, and `storage/threads.rs` tests destructors that
//! record. A child of a process with several threads must call `exec`, and signal handlers must not
//! record. Both rules are documented, and no test breaks them, because the result is undefined.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{build_fixture, installed};

/// The Python code with which each script of these tests begins.
const PRELUDE: &str = r"
import ctypes, os, sys, threading, traceback, _ctypes

def load(path):
    library = ctypes.CDLL(path)
    library.record.argtypes = [ctypes.c_uint64]
    library.record.restype = None
    library.total.restype = ctypes.c_uint64
    library.scrape.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    library.scrape.restype = ctypes.c_size_t
    return library

def scrape(library):
    buffer = ctypes.create_string_buffer(1 << 16)
    size = library.scrape(buffer, len(buffer))
    return buffer.raw[:size].decode()

def shown(library):
    for line in scrape(library).splitlines():
        if line.startswith('library_recorded_total '):
            return int(line.split()[1])

def in_threads(number, act):
    threads = [threading.Thread(target=act) for _ in range(number)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    # Python calls a thread ended when its function has; its destructors are still to run.
    while len(os.listdir('/proc/self/task')) > 1: os.sched_yield()

def in_child(act):
    child = os.fork()
    if child == 0:
        ended = 1
        try:
            act()
            ended = 0
        except:
            traceback.print_exc()
        finally:
            os._exit(ended)
    _, status = os.waitpid(child, 0)
    assert status == 0, status

def is_equal(left, right):
    assert left == right, f'{left} is not {right}'
";

/// Runs a Python script with two copies of the library as its arguments.
#[track_caller]
fn python(test: &str, script: &str) {
    let folder = build_fixture("library", false);
    let copies = ["one", "other"].map(|name| copy(&folder, test, name));
    let output = Command::new(installed("JUDGE_PYTHON", "python/bin/python"))
        .args(["-c", &format!("{PRELUDE}{script}")])
        .args(copies)
        .output()
        .expect("Python starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{error}", output.status);
}

/// Copies the library, because a process loads the same file only once.
fn copy(folder: &Path, test: &str, name: &str) -> PathBuf {
    let copies = folder.join("copies");
    fs::create_dir_all(&copies).expect("a folder for copies");
    let copy = copies.join(format!("{test}_{name}.so"));
    fs::copy(folder.join("liblibrary.so"), &copy).expect("a copy");
    copy
}

#[test]
fn a_loaded_library_counts_what_its_callers_record() {
    python(
        "loaded",
        r"
library = load(sys.argv[1])
library.record(7)
is_equal(library.total(), 7)
is_equal(shown(library), 7)
assert 'function_calls_total{function=' in scrape(library), scrape(library)
",
    );
}

#[test]
fn a_loaded_library_keeps_recordings_of_ended_threads() {
    python(
        "threads",
        r"
library = load(sys.argv[1])
for generation in range(1, 11):
    in_threads(8, lambda: library.record(1000))
    is_equal(library.total(), 8000 * generation)
    is_equal(shown(library), 8000 * generation)
",
    );
}

#[test]
fn two_loaded_copies_of_a_library_do_not_see_each_other() {
    python(
        "copies",
        r"
one, other = load(sys.argv[1]), load(sys.argv[2])
def both():
    one.record(3)
    other.record(5)
both()
in_threads(4, both)
is_equal((one.total(), other.total()), (15, 25))
is_equal((shown(one), shown(other)), (15, 25))
",
    );
}

#[test]
fn closing_a_library_in_which_live_threads_recorded_is_safe() {
    python(
        "closed",
        r"
library = load(sys.argv[1])
recorded, closed = threading.Event(), threading.Event()
def thread():
    library.record(3)
    recorded.set()
    closed.wait()
thread = threading.Thread(target=thread)
thread.start()
recorded.wait()
library.record(2)
_ctypes.dlclose(library._handle)
# When the thread ends, code of the library adds the thread's cells to the shared ones.
closed.set()
thread.join()
# Pending thread-local destructors of this thread have kept the library loaded.
again = load(sys.argv[1])
is_equal(again.total(), 5)
again.record(1)
is_equal(shown(again), 6)
",
    );
}

#[test]
fn closing_a_library_in_which_only_ended_threads_recorded_is_safe() {
    python(
        "closed_alone",
        r"
for _ in range(20):
    library = load(sys.argv[1])
    in_threads(2, lambda: library.record(3))
    assert library.total() >= 6, library.total()
    _ctypes.dlclose(library._handle)
",
    );
}

#[test]
fn a_forked_child_continues_from_its_parents_values() {
    python(
        "child",
        r"
library = load(sys.argv[1])
library.record(4)
def child():
    is_equal(library.total(), 4)
    library.record(3)
    is_equal(library.total(), 7)
    is_equal(shown(library), 7)
in_child(child)
",
    );
}

#[test]
fn parent_and_forked_child_record_independently() {
    python(
        "family",
        r"
library = load(sys.argv[1])
library.record(4)
def child():
    library.record(100)
    is_equal(shown(library), 104)
in_child(child)
is_equal(library.total(), 4)
library.record(1)
is_equal(shown(library), 5)
in_child(lambda: is_equal(library.total(), 5))
",
    );
}

#[test]
fn a_forked_child_keeps_recordings_of_threads_that_ended_before() {
    python(
        "heirs",
        r"
library = load(sys.argv[1])
in_threads(8, lambda: library.record(10))
library.record(1)
in_child(lambda: is_equal(shown(library), 81))
",
    );
}

#[test]
fn threads_of_a_forked_child_are_counted() {
    python(
        "grandchildren",
        r"
library = load(sys.argv[1])
library.record(1)
in_threads(2, lambda: library.record(1))
def child():
    for generation in range(1, 6):
        in_threads(8, lambda: library.record(100))
        is_equal(library.total(), 3 + 800 * generation)
    def grandchild():
        in_threads(4, lambda: library.record(1))
        is_equal(shown(library), 4007)
    in_child(grandchild)
    is_equal(shown(library), 4003)
in_child(child)
is_equal(library.total(), 3)
",
    );
}
