//! The server that is attacked.

use std::{
    io::{self, Read},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use metrics_http::{Collection, Collector, Desc, Gauge, Kind, Options, Registry, Server};
use tempfile::TempDir;

use crate::certificates;

/// Serves until standard input ends. Writes the address and the path of the root certificate to
/// standard output.
pub(crate) fn serve() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = start(folder.path());
    println!("{}", server.local_addr());
    println!("{}", folder.path().join(certificates::ROOT).display());
    // Returns at the end of the other program, also if that fails.
    let _ = io::stdin().read_to_end(&mut Vec::new());
}

/// Starts the server, and writes its certificate files to a folder.
pub(crate) fn start(folder: &Path) -> Server {
    let registry = Registry::new();
    let stock = Options::new("stock_pieces", "Pieces on shelves.").labels(["shelf", "aisle"]);
    let stock = registry
        .create_family::<Gauge>(stock)
        .expect("the name is free");
    let aisle = "a long aisle ".repeat(240);
    for shelf in 0..SHELVES {
        stock.with(&[&shelf.to_string(), &aisle]).set(7);
    }
    registry
        .register(Arc::new(Orders))
        .expect("the name is free");
    let hash = bcrypt::hash("open sesame", COST).expect("a valid cost");
    Server::builder()
        .registry(registry)
        .tls(certificates::create(folder))
        .basic_auth("prometheus", hash)
        .readiness_check("database", || {
            thread::sleep(Duration::MAX);
            Ok(())
        })
        .serve("127.0.0.1:0")
        .expect("a free port")
}

/// A small collector, whose family an incomplete exposition lacks.
struct Orders;

impl Collector for Orders {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "orders_waiting", "Orders to pack.")];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        // Longer than the timeout of the clients that choose a minimal one.
        thread::sleep(Duration::from_millis(20));
        out.gauge(&self.descs()[0], &[], 2.0);
    }
}

/// Series of the exposition, which has about 20 MB.
const SHELVES: usize = 6_500;
/// Length of the exposition, at least.
pub(crate) const LEAST_BYTES: usize = 20_000_000;
/// Low, because the test is built without optimization, in which bcrypt is slow.
const COST: u32 = 4;
