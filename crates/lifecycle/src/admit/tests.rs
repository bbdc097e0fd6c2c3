use super::*;

const DAY: u64 = 86_400_000;
const T: u64 = 1_700_000_000_000;

fn current(state: PackState) -> Current {
    Current { state, site_time_ms: T, block_time_ms: T }
}

fn change(transition: Transition, role: Role, at: u64) -> Change {
    Change { transition, role, same_author: true, same_site: true, site_time_ms: at, block_time_ms: at }
}

fn decide(state: Option<PackState>, change: Change) -> Result<PackState, Refusal> {
    admit(state.map(current).as_ref(), &change, &Matrix::eu(), &Windows::default())
}

#[test]
fn a_pack_lives_from_commission_to_supply_and_back_within_ten_days() {
    let at = T + 9 * DAY + 86_399_000;
    assert_eq!(decide(None, change(Transition::Commission, Role::Manufacturer, T)), Ok(PackState::Active));
    let dispense = change(Transition::Dispense, Role::Pharmacy, T);
    assert_eq!(decide(Some(PackState::Active), dispense), Ok(PackState::Supplied));
    let undo = change(Transition::Undo, Role::Pharmacy, at);
    assert_eq!(decide(Some(PackState::Supplied), undo), Ok(PackState::Active));
}

#[test]
fn undo_has_its_own_refusals() {
    let undo = |at| change(Transition::Undo, Role::Pharmacy, at);
    let late = undo(T + 10 * DAY + 1_000);
    assert_eq!(decide(Some(PackState::Supplied), late), Err(Refusal::UndoWindow));
    let elsewhere = Change { same_site: false, ..undo(T + 1) };
    assert_eq!(decide(Some(PackState::Supplied), elsewhere), Err(Refusal::UndoSite));
    assert_eq!(decide(Some(PackState::Destroyed), undo(T + 1)), Err(Refusal::WrongState));
    assert_eq!(decide(Some(PackState::Active), undo(T + 1)), Err(Refusal::AlreadyInState));
}

#[test]
fn an_undo_made_offline_in_time_is_accepted_by_a_later_block_within_the_slack() {
    let offline =
        Change { block_time_ms: T + 12 * DAY, ..change(Transition::Undo, Role::Pharmacy, T + 10 * DAY) };
    assert_eq!(decide(Some(PackState::Supplied), offline), Ok(PackState::Active));
    let too_late = Change { block_time_ms: T + 13 * DAY + 1, site_time_ms: T + 10 * DAY + 2, ..offline };
    assert_eq!(decide(Some(PackState::Supplied), too_late), Err(Refusal::UndoWindow));
}

#[test]
fn each_refusal_of_a_forward_change_is_named() {
    let dispense = change(Transition::Dispense, Role::Pharmacy, T);
    assert_eq!(decide(None, dispense), Err(Refusal::UnknownPack));
    assert_eq!(decide(Some(PackState::Supplied), dispense), Err(Refusal::AlreadyInState));
    assert_eq!(decide(Some(PackState::Stolen), dispense), Err(Refusal::WrongState));
    let by_maker = Change { role: Role::Manufacturer, ..dispense };
    assert_eq!(decide(Some(PackState::Active), by_maker), Err(Refusal::Role));
    let again = change(Transition::Commission, Role::Manufacturer, T);
    assert_eq!(decide(Some(PackState::Destroyed), again), Err(Refusal::AlreadyCommissioned));
}

#[test]
fn a_sites_clock_may_be_two_seconds_ahead_and_three_days_behind() {
    let at = |site_time_ms, block_time_ms| Change {
        site_time_ms,
        block_time_ms,
        ..change(Transition::Dispense, Role::Pharmacy, T)
    };
    assert!(decide(Some(PackState::Active), at(T + 2_000, T)).is_ok());
    assert_eq!(decide(Some(PackState::Active), at(T + 2_001, T)), Err(Refusal::Time));
    assert!(decide(Some(PackState::Active), at(T, T + 3 * DAY)).is_ok());
    assert_eq!(decide(Some(PackState::Active), at(T, T + 3 * DAY + 1)), Err(Refusal::Time));
}

#[test]
fn codes_are_one_to_one() {
    for refusal in Refusal::ALL {
        assert_eq!(Refusal::from_code(refusal.code()), Ok(refusal));
    }
    assert!(Refusal::from_code(0).is_err());
}
