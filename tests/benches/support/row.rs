//! The operations that the recording bench measures, in groups.

use super::inputs;

/// A group of rows: one table, which the command line selects by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    CountersAndGauges,
    ShortLabels,
    LongLabels,
    LabelShapes,
    MostSeries,
    LabelledHistograms,
    DynamicMetrics,
    HistogramsAndTimers,
    Functions,
    LayersAndBridges,
}

impl Group {
    pub(super) const ALL: [Self; 10] = [
        Self::CountersAndGauges,
        Self::ShortLabels,
        Self::LongLabels,
        Self::LabelShapes,
        Self::MostSeries,
        Self::LabelledHistograms,
        Self::DynamicMetrics,
        Self::HistogramsAndTimers,
        Self::Functions,
        Self::LayersAndBridges,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CountersAndGauges => "counters and gauges",
            Self::ShortLabels => "short labels",
            Self::DynamicMetrics => "dynamic metrics",
            Self::LongLabels => "long labels",
            Self::LabelShapes => "label shapes",
            Self::MostSeries => "100,000 series",
            Self::LabelledHistograms => "histograms with labels",
            Self::HistogramsAndTimers => "histograms and timers",
            Self::Functions => "functions",
            Self::LayersAndBridges => "layers and bridges",
        }
    }
}

/// Defines [`Row`] from lines of the form `Row in Group: "printed name"`.
macro_rules! rows {
    ($($(#[$doc:meta])+ $row:ident in $group:ident: $name:literal;)+) => {
        /// An operation that the contenders perform: a row of the tables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Row {
            $($(#[$doc])+ $row,)+
        }

        impl Row {
            pub(super) const ALL: &[Self] = &[$(Self::$row),+];

            pub(super) fn group(self) -> Group {
                match self {
                    $(Self::$row => Group::$group,)+
                }
            }

            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$row => $name,)+
                }
            }
        }
    };
}

rows! {
    /// Increment of a counter without labels, through a handle or static.
    Counter in CountersAndGauges: "counter";
    /// Addition of a float to a counter.
    FloatCounter in CountersAndGauges: "float counter";
    /// Setting a gauge to successive integers.
    GaugeSet in CountersAndGauges: "gauge, set";
    /// Increment of a gauge that other threads may set.
    GaugeAdd in CountersAndGauges: "gauge, add";
    /// Increment of an up-down counter.
    UpDown in CountersAndGauges: "up-down counter";

    /// Increment of a counter with two labels whose possible values are known at compile time; the
    /// values are constants.
    ConstantLabels in ShortLabels: "counter, two constant labels";
    /// Increment of a counter with two labels whose possible values, 4 and 6, are known at compile
    /// time; the values vary.
    ClosedLabels in ShortLabels: "counter, two closed labels (4 × 6)";
    /// Increment of a counter with two labels of about 10 bytes whose values are known only at run
    /// time (100 series).
    OpenLabels in ShortLabels: "counter, two open labels, 100 series";
    /// [`OpenLabels`](Self::OpenLabels) with 10,000 series.
    ManyOpenLabels in ShortLabels: "counter, two open labels, 10,000 series";
    /// [`OpenLabels`](Self::OpenLabels) with the same pair every time.
    SameOpenLabels in ShortLabels: "counter, two open labels, the same again";
    /// Increment of a counter with one open label of about 10 bytes (10 series).
    ShortRoute in ShortLabels: "counter, one open label, 10 series";
    /// [`ManyOpenLabels`](Self::ManyOpenLabels) with a cardinality limit of 100 series.
    Overflow in ShortLabels: "counter, two open labels, 10,000 pairs beyond the limit";

    /// [`Counter`](Self::Counter) with a counter that the program creates while it runs.
    DynamicHeld in DynamicMetrics: "dynamic counter, held";
    /// [`OpenLabels`](Self::OpenLabels) with a counter that the program creates while it runs.
    DynamicShort in DynamicMetrics: "dynamic counter, two short labels";
    /// Increment of a counter whose labels are a route and a UUID (100 series).
    RouteAndId in DynamicMetrics: "declared counter, a route and a UUID";
    /// [`RouteAndId`](Self::RouteAndId) with a counter that the program creates while it runs.
    DynamicLong in DynamicMetrics: "dynamic counter, a route and a UUID";
    /// Creation of a handle of a series of [`DynamicShort`](Self::DynamicShort), and its drop.
    Bind in DynamicMetrics: "dynamic counter, handle to keep, two short labels";

    /// Increment of a counter whose labels are a route (`/api/v1/customers/17/orders/{id}`) and a
    /// host (`tenant-17.eu-west-1.example.org`): 100 series, used equally often.
    LongLabels in LongLabels: "counter, two labels of 25 to 40 bytes, 100 series";
    /// [`LongLabels`](Self::LongLabels) with the same pair every time.
    SameLongLabels in LongLabels: "counter, two labels of 25 to 40 bytes, the same again";
    /// [`LongLabels`](Self::LongLabels) with 10,000 series.
    ManyLongLabels in LongLabels: "counter, two labels of 25 to 40 bytes, 10,000 series";
    /// [`ManyLongLabels`](Self::ManyLongLabels) in frequencies by Zipf's law with exponent 1.
    ZipfLongLabels in LongLabels: "counter, two labels of 25 to 40 bytes, 10,000 series, Zipf";
    /// [`ZipfLongLabels`](Self::ZipfLongLabels) while a thread encodes the counter again and again,
    /// with pauses of 10 ms.
    ScrapedLongLabels in LongLabels:
        "counter, two labels of 25 to 40 bytes, 10,000 series, Zipf, scraped";

    /// Increment of a counter with one label, a status code (3 bytes, 62 series, uniform).
    StatusCodes in LabelShapes: "counter, one label of 3 bytes, 62 series";
    /// Increment of a counter with one label, a UUID (36 bytes, 10,000 series, uniform).
    Uuids in LabelShapes: "counter, one label of 36 bytes (UUID), 10,000 series";
    /// Increment of a counter whose labels are a gRPC method
    /// (`/shop.customers.v1.CustomersService/ListOrders`) and a pod
    /// (`customers-7d9f8b6c5d-x2k4q`), with frequencies by Zipf's law.
    MethodsAndPods in LabelShapes: "counter, gRPC method and pod, 10,000 series, Zipf";
    /// Increment of a counter with two labels, each of 1 to 200 letters (100 series, uniform).
    AnyLengths in LabelShapes: "counter, two labels of 1 to 200 bytes, 100 series";
    /// Increment of a counter whose labels are method, route, status code, host and pod of an HTTP
    /// request (3 to 40 bytes, uniform).
    FiveLabels in LabelShapes: "counter, five labels of 3 to 40 bytes, 10,000 series";
    /// Increment of a counter with the labels of requests in a service mesh (1 to 40 bytes,
    /// uniform).
    TwelveLabels in LabelShapes: "counter, twelve labels of 1 to 40 bytes, 100 series";

    /// [`MethodsAndPods`](Self::MethodsAndPods) with 100,000 series, used equally often.
    MostSeries in MostSeries: "counter, gRPC method and pod, 100,000 series";
    /// [`MostSeries`](Self::MostSeries) with frequencies by Zipf's law.
    ZipfMostSeries in MostSeries: "counter, gRPC method and pod, 100,000 series, Zipf";

    /// Observation in a histogram with 14 bounds and the labels of
    /// [`LongLabels`](Self::LongLabels).
    LabelledHistogram in LabelledHistograms:
        "histogram, two labels of 25 to 40 bytes, 100 series";
    /// Observation in a histogram with 14 bounds and the labels of
    /// [`ZipfLongLabels`](Self::ZipfLongLabels).
    ManyHistograms in LabelledHistograms:
        "histogram, two labels of 25 to 40 bytes, 10,000 series, Zipf";

    /// Observation in a histogram with 14 bounds, through a handle.
    Histogram in HistogramsAndTimers: "histogram, 14 bounds";
    /// Observation in a histogram with native (exponential) buckets.
    NativeHistogram in HistogramsAndTimers: "native histogram";
    /// Observation in a summary with three quantiles.
    Summary in HistogramsAndTimers: "summary with quantiles";
    /// Start and end of a timer of a histogram with about 14 bounds.
    Timer in HistogramsAndTimers: "timer, begun and ended";
    /// [`Timer`](Self::Timer) with the system clock, which is used where the time stamp counter is
    /// not reliable.
    SystemTimer in HistogramsAndTimers: "timer on the system's clock";

    /// Call of a timed function that is not inlined and whose histogram has about 14 bounds.
    Timed in Functions: "`#[timed]` function, whole call";
    /// Call of a timed function with a label, whose values are those of
    /// [`ShortRoute`](Self::ShortRoute).
    TimedShort in Functions: "`#[timed(labels(route))]` function, short routes";
    /// Increment of a counter with one label, which is a route of 25 to 40 bytes (10 series).
    LongRoute in Functions: "counter, one route";
    /// Call of a timed function with a label, whose values are those of
    /// [`LongRoute`](Self::LongRoute).
    TimedLong in Functions: "`#[timed(labels(route))]` function, long routes";
    /// Creation and completion of the future of a timed async function.
    TimedAsync in Functions: "`#[timed]` async function, whole call";
    /// Call of a counted function that is not inlined.
    Counted in Functions: "`#[counted]` function, whole call";
    /// Call of an empty function that is not inlined, for reference.
    BareCall in Functions: "bare call";

    /// A request to a service inside a tower layer for servers, from the call of the service to the
    /// end of the response body, without a network.
    ServerLayer in LayersAndBridges: "tower layer, one request";
    /// Increment through the facade crate metrics of a counter with two labels of about 10 bytes
    /// whose values are known only at run time (100 series). They are copied, because the facade
    /// takes only values that it may keep.
    Facade in LayersAndBridges: "facade `counter!`, two copied labels, 100 series";
    /// [`Facade`](Self::Facade) with values that live as long as the program and are not copied.
    FacadeStatic in LayersAndBridges: "facade `counter!`, two static labels, 100 series";
    /// Increment through the facade of a counter with two labels whose values are constants.
    FacadeConstant in LayersAndBridges: "facade `counter!`, two constant labels";
}

impl Row {
    /// Returns the text in which the command line's arguments are searched.
    pub(super) fn full_name(self) -> String {
        format!("{}: {}", self.group().name(), self.name())
    }

    /// Returns the number of unmeasured operations at the start of a thread: one per input, because
    /// the first recordings of a thread allocate.
    pub(super) fn warm_up(self) -> usize {
        match self {
            Self::ManyOpenLabels | Self::Overflow => inputs::MANY,
            _ => inputs::COUNT,
        }
    }
}
