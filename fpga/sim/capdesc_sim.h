/* The C interface of a simulated capdesc_axis: what src/backend/fpga/model.rs declares in Rust.
 *
 * One function table for each model that was built: see build/fpga.rs. A simulation belongs to one
 * thread at a time. Nothing here takes wall time: counts are clock cycles. */
#ifndef CAPDESC_SIM_H
#define CAPDESC_SIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct capdesc_sim capdesc_sim;

enum capdesc_status {
    CAPDESC_OK = 0,
    /* The cycles allowed were over before the last verdict came. */
    CAPDESC_HANGS = 1,
    /* The design broke a rule of its interface: the message says which. */
    CAPDESC_BREAKS_RULE = 2,
    /* An assertion in the design failed: the message says where. */
    CAPDESC_ASSERTION = 3,
    /* The waveform could not be written, or the model was built without. */
    CAPDESC_NO_TRACE = 4,
};

/* Willing in `permille` of a thousand cycles, drawn with a generator of its own that moves on every
 * cycle, so that two simulators that start with the same seed draw the same. */
typedef struct {
    uint32_t permille;
    uint32_t seed;
} capdesc_pace;

/* How often each number of cycles was seen; the last place takes all that are longer. */
#define CAPDESC_PLACES 64
typedef struct {
    uint64_t place[CAPDESC_PLACES];
} capdesc_counts;

typedef struct {
    capdesc_counts latency;
    capdesc_counts interval_in;
    capdesc_counts interval_out;
    capdesc_counts stall_runs;
    uint64_t beat_count;
} capdesc_observation;

typedef struct {
    uint64_t latency;
    uint64_t total;
    uint64_t stalled;
} capdesc_elapsed;

/* A batch to be streamed through. */
typedef struct {
    const uint8_t *records; /* 24 bytes each, at any alignment */
    uint8_t *verdicts;      /* one byte each */
    size_t record_count;
    capdesc_pace source;
    capdesc_pace sink;
    uint64_t cycles_max;
    /* The record whose verdict is to be spoilt through the fault-injection port; none: SIZE_MAX. */
    size_t upset_index;
} capdesc_batch;

typedef struct {
    uint32_t lanes;
    /* Whether assertions are in, unknown values are random, and waveforms can be written. */
    uint32_t is_checked;
    /* Reset and ready. NULL if there is no memory. */
    capdesc_sim *(*create)(void);
    void (*destroy)(capdesc_sim *);
    /* The observation is added to. */
    int (*stream)(capdesc_sim *, const capdesc_batch *, capdesc_elapsed *, capdesc_observation *);
    /* Register access; the response is the bus's, 0 for okay. */
    int (*write_register)(capdesc_sim *, uint8_t address, uint32_t value, uint32_t *response);
    int (*read_register)(capdesc_sim *, uint8_t address, uint32_t *value, uint32_t *response);
    /* From here on every signal goes to the file, until it is closed. */
    int (*trace_open)(capdesc_sim *, const char *path);
    void (*trace_close)(capdesc_sim *);
    /* What the last status that was not okay was about. */
    const char *(*message)(const capdesc_sim *);
} capdesc_model;

#ifdef __cplusplus
}
#endif
#endif
