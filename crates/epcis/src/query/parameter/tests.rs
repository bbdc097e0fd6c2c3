use super::*;

fn parse(name: &str, values: &[&str]) -> Result<EventQuery, Vec<QueryFault>> {
    let mut namespaces = Namespaces::new();
    namespaces.bind("example", "https://ns.example.com/");
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    EventQuery::parse(&[(name.to_owned(), values)], &namespaces)
}

fn terms(name: &str, values: &[&str]) -> Vec<String> {
    match parse(name, values).unwrap().clauses.pop().unwrap() {
        Clause::Term(terms) => terms,
        other => panic!("{other:?}"),
    }
}

#[test]
fn spellings_meet_in_one_term() {
    let shipping =
        ["shipping", "urn:epcglobal:cbv:bizstep:shipping", "https://ref.gs1.org/cbv/BizStep-shipping"];
    assert_eq!(terms("EQ_bizStep", &shipping), ["bizStep=shipping"; 3]);
    let places = ["urn:epc:id:sgln:9521141.12345.0", "https://id.gs1.org/414/9521141123454"];
    let places = terms("EQ_bizLocation", &places);
    assert_eq!(places.first(), places.last());
    assert_eq!(terms("EQ_source_urn:epcglobal:cbv:sdt:owning_party", &["x:y"]), ["source_owning_party=x:y"]);
    assert_eq!(terms("EQ_hexBinaryValue", &["f0F0"]), ["hexBinaryValue=F0F0"]);
    assert_eq!(terms("EXISTS_ILMD_example:a", &[]), ["ilmd:https://ns.example.com|a"]);
    assert_eq!(
        terms("EQ_example:a", &["5.0"]),
        ["ext:https://ns.example.com|a=5.0", "ext:https://ns.example.com|a=#5"]
    );
}

#[test]
fn what_there_is_not_is_told_from_what_is_wrong() {
    for name in [
        "EQ_nothing",
        "GE_bizStep",
        "GT_eventTime",
        "MATCH_bizStep",
        "WD_disposition",
        "foo",
        "EQ_",
        "LE_time",
    ] {
        assert!(parse(name, &["1"]).unwrap_err().first().unwrap().unknown, "{name}");
    }
    for (name, value) in [
        ("EQ_action", "LOOK"),
        ("eventType", "SomeEvent"),
        ("EQ_bizStep", ""),
        ("GE_eventTime", "yesterday"),
        ("EQ_quantity", "many"),
        ("GE_value_CEL", "warm"),
        ("EQ_other:field", "1"),
        ("MATCH_epc", "urn:epc:idpat:sgtin:1.*.*"),
        ("EXISTS_errorDeclaration", "false"),
        ("orderBy", "bizStep"),
        ("eventCountLimit", "5"),
        ("orderDirection", "ASC"),
        ("maxEventCount", "0"),
    ] {
        assert!(!parse(name, &[value]).unwrap_err().first().unwrap().unknown, "{name}");
    }
}

#[test]
fn patterns_are_bounded_and_given_once() {
    let companies: Vec<String> = (0..101).map(|n| format!("urn:epc:idpat:sscc:{}.*", 123_456 + n)).collect();
    let names: Vec<&str> = companies.iter().map(String::as_str).collect();
    assert!(parse("MATCH_epc", &names).is_err());
    match parse("MATCH_epc", &[names[0], names[0]]).unwrap().clauses.pop().unwrap() {
        Clause::Identifier(asked) => assert_eq!(asked.ranges.len(), 10),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_unit_of_the_query_is_that_of_its_dimension() {
    let clause = |name: &str, value: &str| parse(name, &[value]).unwrap().clauses.pop();
    assert_eq!(clause("GE_value_KEL", "293.15"), clause("GE_value_CEL", "20"));
    assert_ne!(clause("GE_value_KEL", "293.15"), clause("GE_value_PAL", "293.15"));
    assert_eq!(clause("LE_sDev_KEL", "0.5"), clause("LE_sDev_CEL", "0.5"), "a difference has no zero point");
}
