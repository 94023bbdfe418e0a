//! Runs all models of this package.

macro_rules! models {
    ($($module:ident: $($model:ident),+;)+) => {$($(
        #[test]
        fn $model() {
            models::$module::$model();
        }
    )+)+};
}

models! {
    directories:
        first_recordings_of_two_threads_are_counted,
        a_scrape_sees_initialised_cells,
        a_growing_directory_loses_no_recording,
        a_series_with_open_labels_does_not_decrease_when_a_directory_grows,
        a_region_with_a_reused_index_has_its_own_cells,
        a_region_is_dropped_while_a_thread_ends;
    entries:
        an_entry_matches_only_the_key_of_its_series,
        a_cached_entry_matches_only_the_key_of_its_series,
        an_entry_matches_only_the_long_key_of_its_series,
        an_entry_does_not_match_with_words_of_another_key,
        a_long_key_is_not_found_in_an_entry_with_a_short_one,
        a_pinned_entry_is_not_given_to_another_series,
        an_entry_stays_pinned_until_the_last_handle_is_dropped;
    epochs:
        cached_cells_are_not_used_for_the_next_series_in_the_place,
        cached_cells_are_not_used_by_another_thread,
        a_recording_into_cached_cells_resumes_the_series_or_overflows,
        a_recording_into_cached_cells_makes_the_next_scrape_resume_the_series;
    expiry:
        a_late_recording_makes_the_next_scrape_resume_the_series,
        a_suspended_series_counts_a_late_recording,
        recording_the_same_labels_resumes_the_series,
        a_late_recording_does_not_count_for_the_next_series_in_the_place,
        a_pinned_series_does_not_expire,
        the_place_of_a_pinned_series_is_not_given_to_another;
    generations:
        a_recording_does_not_count_for_the_next_series_in_the_place,
        cells_are_zeroed_for_a_series_that_the_thread_has_not_looked_up,
        other_series_do_not_decrease_when_a_thread_catches_up,
        recordings_of_an_ended_thread_count_once,
        a_recording_into_a_replaced_series_is_dropped;
    hash_tables:
        a_reader_never_finds_the_series_of_another_key,
        a_key_is_found_behind_one_that_is_removed,
        a_key_is_not_reported_as_missing_while_it_moves_to_the_slot_of_a_removed_one,
        keys_are_not_reported_as_missing_while_the_table_grows,
        a_key_is_not_reported_as_missing_once_it_was_inserted_into_a_larger_table;
    histogram_blocks:
        a_direct_read_is_consistent,
        a_copy_is_consistent,
        a_second_snapshot_is_consistent_and_not_older,
        copies_of_two_blocks_are_not_mixed_up,
        a_counted_bucket_has_its_key,
        buckets_of_both_kinds_are_consistent,
        an_observation_during_a_reset_is_in_one_period;
    kept:
        a_recording_resumes_the_series_or_overflows,
        a_late_recording_resumes_the_series_or_overflows,
        a_recording_overflows_while_another_series_takes_the_place,
        a_recording_into_a_series_that_the_program_removes_is_not_exposed;
    native:
        a_histogram_is_consistent_while_a_thread_merges_buckets,
        a_histogram_does_not_become_finer_when_a_thread_ends;
    threads:
        late_recordings_of_two_threads_are_counted,
        a_total_does_not_decrease_while_a_thread_ends,
        an_up_down_counter_is_never_below_zero,
        an_up_down_counter_that_another_thread_decrements_is_never_below_zero,
        a_histogram_is_consistent_while_a_thread_ends;
}
