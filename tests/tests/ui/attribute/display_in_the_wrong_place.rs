use metrics_core::counted;

#[counted(labels(%name = letter))]
fn before_the_name(letter: char) {}

#[counted(labels(letter: char = %letter))]
fn with_a_type(letter: char) {}

#[counted(labels(on_return(length = %|length| *length)))]
fn of_a_result(letter: char) -> usize {
    letter.len_utf8()
}

fn main() {}
