use metrics_core::counted;

#[counted(labels(b: Wide = Wide::Value0, c: Wide = Wide::Value0, d: Wide = Wide::Value0))]
fn work() {}

#[derive(metrics_core::Label)]
#[rustfmt::skip]
enum Wide {
    Value0, Value1, Value2, Value3, Value4, Value5, Value6, Value7, Value8, Value9, Value10,
    Value11, Value12, Value13, Value14, Value15, Value16, Value17, Value18, Value19, Value20,
    Value21,
}

fn main() {}
