//! Numeric expressions of roff: integers, left to right, no precedence.

use std::{iter::Peekable, str::Chars};

/// The value of `text`, whose registers are interpolated already. Units are read and ignored.
pub(super) fn value(text: &str) -> i64 {
    expression(&mut text.chars().peekable())
}

fn expression(input: &mut Peekable<Chars<'_>>) -> i64 {
    let mut left = term(input);
    while let Some(&operator) = input.peek() {
        if operator == ')' {
            break;
        }
        input.next();
        let or_equal = input.next_if_eq(&'=').is_some();
        let right = term(input);
        left = combine(left, operator, or_equal, right);
    }
    left
}

fn combine(left: i64, operator: char, or_equal: bool, right: i64) -> i64 {
    match operator {
        '+' => left.saturating_add(right),
        '-' => left.saturating_sub(right),
        '*' => left.saturating_mul(right),
        '/' => left.checked_div(right).unwrap_or(0),
        '%' => left.checked_rem(right).unwrap_or(0),
        '<' => i64::from(left < right || or_equal && left == right),
        '>' => i64::from(left > right || or_equal && left == right),
        '=' => i64::from(left == right),
        '&' => i64::from(left > 0 && right > 0),
        ':' => i64::from(left > 0 || right > 0),
        _ => left,
    }
}

fn term(input: &mut Peekable<Chars<'_>>) -> i64 {
    while input.next_if(|&next| next == ' ' || next == '+').is_some() {}
    if input.next_if_eq(&'-').is_some() {
        return term(input).saturating_neg();
    }
    if input.next_if_eq(&'(').is_some() {
        let inner = expression(input);
        input.next_if_eq(&')');
        return inner;
    }
    let mut number: i64 = 0;
    while let Some(digit) = input.peek().and_then(|next| next.to_digit(10)) {
        number = number.saturating_mul(10).saturating_add(i64::from(digit));
        input.next();
    }
    if input.next_if_eq(&'.').is_some() {
        while input.next_if(char::is_ascii_digit).is_some() {}
    }
    input.next_if(|next| "icpPmMnuvszf".contains(*next));
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left to right, parentheses, comparison, units, and no harm from nonsense.
    #[test]
    fn expressions() {
        assert_eq!(value("1+2*3"), 9);
        assert_eq!(value("1+(2*3)"), 7);
        assert_eq!(value("(0:(1==0))"), 0);
        assert_eq!(value("22>=22"), 1);
        assert_eq!(value("-4n"), -4);
        assert_eq!(value("5/0"), 0);
        assert_eq!(value("~#"), 0);
    }
}
