//! A short soak for every test run. The long ones are commands (`docs/reliability.md`).

use std::time::Duration;

use tests::soak::Soak;

#[tokio::test(flavor = "multi_thread")]
async fn the_books_balance_when_a_tenth_of_all_calls_fail() {
    let soak = Soak { leads: 200, connections: 16, failing: 100, seed: 1, timeout: Duration::from_secs(300) };
    let soaked = soak.run().await;
    assert!(soaked.injected.iter().map(|(_, times)| times).sum::<u64>() > 0);
    assert_eq!(soaked.audit(), Vec::<String>::new());
}
