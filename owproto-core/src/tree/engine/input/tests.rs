use super::*;
use crate::tree::families;
use crate::tree::tester::Tester;

const WRONG: ReturnCode = ReturnCode::INVALID_VALUE;

fn input<'d>(
    family: u8,
    name: &str,
    element: Element<'d>,
    data: &'d [u8],
    offset: i32,
) -> Result<WriteInput<'d>, ReturnCode> {
    let property = families::family(families::ALL, family).property(name.as_bytes()).unwrap();
    let mut input = WriteInput::new(property, element, data, Flags::NONE, None);
    input.check::<Tester<'_>>(offset).map(|()| input)
}

fn written<'d>(input: &WriteInput<'d>, n: u32) -> Result<(Element<'d>, Value<'d>), ReturnCode> {
    input.value::<Tester<'_>>(n).map(|value| (input.element(n), value))
}

#[test]
fn an_array_of_numbers_needs_a_value_for_each_element() {
    for (text, is_right) in [
        ("1,0,1,0,1,0,1,0", true),
        ("1,0,1,0,1,0,1,0,1", true),
        ("yes,no,1,0,1,0,1,0 and more", true),
        ("1,0,1", false),
        ("1,0,1,0,1,0,1,", false),
        ("1,0,1,0,1,0,1, ", false),
        ("1,,1,0,1,0,1,0", false),
        ("", false),
    ] {
        let input = input(0x29, "PIO", Element::All, text.as_bytes(), 0);
        assert_eq!(input.is_ok(), is_right, "{text:?}");
        assert!(is_right || input.is_err_and(|code| code == WRONG));
    }
    let all = input(0x29, "PIO", Element::All, b"1,0,1,0,1,0,1,0", 0).unwrap();
    assert_eq!((all.values(), written(&all, 0)), (1, Ok((Element::Byte, Value::Unsigned(0x55)))));
    assert_eq!(input(0x29, "PIO", Element::All, b"1,0,1,0,1,0,1,0", 1).unwrap_err(), WRONG);
}

#[test]
fn text_and_bytes_are_cut_to_the_end_of_the_property() {
    let accepted =
        |data: &[u8], offset| input(0x2d, "pages/page", Element::Number(0), data, offset).unwrap().accepted;
    assert_eq!(accepted(&[1; 64], 0), 32);
    assert_eq!(accepted(&[1; 16], 24), 8);
    assert_eq!(accepted(&[1; 16], 32), 0);
    assert_eq!(accepted(&[1; 16], 240), 0);
    assert_eq!(accepted(&[1; 16], -1), 0);
    for len in [0, 12, 127, 129] {
        assert_eq!(input(0x2d, "pages/page", Element::All, &[1; 129][..len], 0).unwrap_err(), WRONG);
    }
    let all = input(0x2d, "pages/page", Element::All, &[7; 128], 0).unwrap();
    assert_eq!((all.values(), written(&all, 3)), (4, Ok((Element::Number(3), Value::Bytes(&[7; 32])))));
}

#[test]
fn each_text_of_an_array_is_cut_to_its_own_length() {
    let line = |data| input(0xff, "line16", Element::All, data, 0);
    let long = line(b"aaaaaaaaaaaaaaaaaaaaaaaa,b,,d,e").unwrap();
    assert_eq!(long.accepted, 31);
    assert_eq!(written(&long, 0), Ok((Element::Number(0), Value::Text(&[b'a'; 16]))));
    assert_eq!(written(&long, 3), Ok((Element::Number(3), Value::Text(b"d,e"))));
    assert_eq!(line(b"a,b,c").unwrap_err(), WRONG);
}
