//! The label values of each row with open labels, computed from the number of the series.

use super::Series;

/// Status codes of HTTP.
pub(super) const STATUS_CODES: Series<1> = Series {
    names: ["code"],
    count: CODES.len(),
    values: |series| [code(series)],
    lengths: 3..=3,
};

/// UUIDs, as of sessions or devices.
pub(super) const UUIDS: Series<1> = Series {
    names: ["device"],
    count: 10_000,
    values: |series| [uuid(series)],
    lengths: 36..=36,
};

/// 10 routes of an HTTP API and 10 host names.
pub(super) const ROUTES_AND_HOSTS: Series<2> = Series {
    names: ["route", "host"],
    count: 100,
    values: |series| [route(series % 10), host(series / 10)],
    lengths: 25..=40,
};

/// 100 routes of an HTTP API and 100 host names.
pub(super) const MANY_ROUTES_AND_HOSTS: Series<2> = Series {
    names: ["route", "host"],
    count: 10_000,
    values: |series| [route(series % 100), host(series / 100)],
    lengths: 25..=40,
};

/// 100 methods of gRPC and 100 pods.
pub(super) const METHODS_AND_PODS: Series<2> = Series {
    names: ["grpc_method", "pod"],
    count: 10_000,
    values: |series| [grpc_method(series % 100), pod(series / 100)],
    lengths: 20..=55,
};

/// 100 methods of gRPC and 1,000 pods.
pub(super) const MOST_METHODS_AND_PODS: Series<2> = Series {
    count: 100_000,
    ..METHODS_AND_PODS
};

/// Values of any length up to 200 bytes.
pub(super) const ANY_LENGTHS: Series<2> = Series {
    names: ["tenant", "query"],
    count: 100,
    values: |series| [of_any_length(2 * series), of_any_length(2 * series + 1)],
    lengths: 1..=200,
};

/// Five labels of HTTP requests: 4 methods, 25 routes, 4 status codes, 5 hosts and 5 pods.
pub(super) const REQUESTS: Series<5> = Series {
    names: ["method", "route", "code", "host", "pod"],
    count: 10_000,
    values: |series| {
        let methods = ["GET", "POST", "PUT", "DELETE"];
        [
            methods[series % 4].to_owned(),
            route(series / 4 % 25),
            code(series / 100 % 4),
            host(series / 400 % 5),
            pod(series / 2_000),
        ]
    },
    lengths: 3..=40,
};

/// The labels of the requests in a service mesh between 10 workloads.
pub(super) const MESH_REQUESTS: Series<12> = Series {
    names: [
        "reporter",
        "source_workload",
        "source_workload_namespace",
        "source_canonical_service",
        "destination_workload",
        "destination_workload_namespace",
        "destination_canonical_service",
        "destination_service",
        "request_protocol",
        "response_code",
        "response_flags",
        "connection_security_policy",
    ],
    count: 100,
    values: |series| {
        let (from, to) = (RESOURCES[series % 10], RESOURCES[series / 10]);
        [
            "destination",
            &format!("{from}-v{}", series % 10 + 1),
            "shop",
            from,
            &format!("{to}-v{}", series / 10 + 1),
            "fulfilment",
            to,
            &format!("{to}.fulfilment.svc.cluster.local"),
            "grpc",
            &code(series % 4),
            "-",
            "mutual_tls",
        ]
        .map(str::to_owned)
    },
    lengths: 1..=40,
};

fn route(number: usize) -> String {
    let (resource, part) = (RESOURCES[number / 10 % 10], PARTS[number % 10]);
    format!("/api/v1/{resource}/{}/{part}/{{id}}", 17 + number * number)
}

fn host(number: usize) -> String {
    let regions = ["eu-west-1", "us-east-2", "eu-central-1", "ap-southeast-1"];
    let region = regions[number % regions.len()];
    format!("tenant-{}.{region}.example.org", 17 + number * number)
}

/// Returns the name of a pod: its deployment, the hash of its template and a random suffix.
fn pod(number: usize) -> String {
    let deployment = RESOURCES[number % 10];
    let letters = letters(number, 15);
    format!("{deployment}-{}-{}", &letters[..10], &letters[10..])
}

fn grpc_method(number: usize) -> String {
    let (resource, part) = (RESOURCES[number / 10 % 10], PARTS[number % 10]);
    format!(
        "/shop.{resource}.v1.{}Service/List{}",
        title(resource),
        title(part)
    )
}

fn title(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

fn uuid(number: usize) -> String {
    let (high, low) = (mix(2 * number), mix(2 * number + 1));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        low >> 50 | 0x8000,
        low & 0xFFFF_FFFF_FFFF,
    )
}

fn code(number: usize) -> String {
    CODES[number % CODES.len()].to_string()
}

fn of_any_length(number: usize) -> String {
    letters(number, 1 + mix(number) as usize % 200)
}

/// Returns pseudo-random letters and digits.
fn letters(number: usize, length: usize) -> String {
    let alphabet = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |index| alphabet[mix(number << 8 | index) as usize % alphabet.len()];
    (0..length).map(|index| char::from(letter(index))).collect()
}

/// The finalizer of splitmix64.
fn mix(number: usize) -> u64 {
    let mut mixed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

const RESOURCES: [&str; 10] = [
    "customers",
    "invoices",
    "shipments",
    "warehouses",
    "accounts",
    "catalogs",
    "suppliers",
    "payments",
    "tenants",
    "contracts",
];

const PARTS: [&str; 10] = [
    "orders",
    "items",
    "addresses",
    "notes",
    "refunds",
    "events",
    "members",
    "labels",
    "devices",
    "quotes",
];

/// The registered status codes, the most frequent ones first.
const CODES: [u16; 62] = [
    200, 201, 404, 500, 204, 301, 302, 304, 400, 401, 403, 409, 422, 429, 502, 503, 504, 100, 101,
    102, 103, 202, 203, 205, 206, 207, 208, 226, 300, 303, 305, 307, 308, 402, 405, 406, 407, 408,
    410, 411, 412, 413, 414, 415, 416, 417, 421, 423, 424, 425, 426, 428, 431, 451, 501, 505, 506,
    507, 508, 510, 511, 418,
];
