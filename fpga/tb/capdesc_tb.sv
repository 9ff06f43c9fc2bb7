// The source and the sink of fpga/sim/capdesc_sim.cpp once more, for Icarus: the same stimuli must
// give the same verdicts and the same counts. tests/fpga.rs compares them.
//
//   +records=FILE   one descriptor a line, 48 hex digits, last byte first
//   +count=N        how many of them
//   +source=P +source_seed=S +sink=P +sink_seed=S   paces: willing in P of a thousand cycles
//
// Prints the verdicts in hex, then `elapsed` with latency, total and stalled cycles, then for each
// number of cycles that was seen `seen WHAT CYCLES COUNT`.
`default_nettype none

module capdesc_tb #(
    parameter int LANES = 4
);

  localparam int RECORDS_MAX = 1 << 16;
  localparam int CYCLES_MAX = 1 << 22;
  localparam int PLACES = 64;

  logic clk = 1'b0;
  logic rst = 1'b1;
  logic [192*LANES-1:0] in_data;
  logic [24*LANES-1:0] in_keep;
  logic in_valid = 1'b0;
  logic in_last = 1'b0;
  wire in_ready;
  wire [8*LANES-1:0] out_data;
  wire [LANES-1:0] out_keep;
  wire out_valid;
  wire out_last;
  logic out_ready = 1'b0;

  capdesc_axis #(
      .LANES(LANES)
  ) u_design (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(in_data),
      .s_axis_tkeep(in_keep),
      .s_axis_tvalid(in_valid),
      .s_axis_tlast(in_last),
      .s_axis_tready(in_ready),
      .m_axis_tdata(out_data),
      .m_axis_tkeep(out_keep),
      .m_axis_tvalid(out_valid),
      .m_axis_tlast(out_last),
      .m_axis_tready(out_ready),
      .s_axil_awaddr(8'd0),
      .s_axil_awvalid(1'b0),
      .s_axil_awready(),
      .s_axil_wdata(32'd0),
      .s_axil_wstrb(4'd0),
      .s_axil_wvalid(1'b0),
      .s_axil_wready(),
      .s_axil_bresp(),
      .s_axil_bvalid(),
      .s_axil_bready(1'b0),
      .s_axil_araddr(8'd0),
      .s_axil_arvalid(1'b0),
      .s_axil_arready(),
      .s_axil_rdata(),
      .s_axil_rresp(),
      .s_axil_rvalid(),
      .s_axil_rready(1'b0),
      .inject_lanes({LANES{1'b0}}),
      .inject_index(9'd0)
  );

  logic [191:0] records[0:RECORDS_MAX-1];
  integer seen[0:4*PLACES-1];
  integer taken_at[0:PLACES-1];
  logic [31:0] source_state;
  logic [31:0] sink_state;

  // The generator of fpga/sim, which moves on every cycle. A side that never waits draws nothing.
  function automatic logic [31:0] next_state(input logic [31:0] state);
    logic [31:0] x;
    x = state;
    x = x ^ (x << 13);
    x = x ^ (x >> 17);
    x = x ^ (x << 5);
    next_state = x;
  endfunction

  function automatic logic is_willing(input logic [31:0] state, input int permille);
    logic [63:0] scaled;
    scaled = {32'd0, state} * 64'd1000;
    is_willing = permille >= 1000 || scaled[63:32] < permille;
  endfunction

  task step;
    begin
      #1 clk = 1'b1;
      #1 clk = 1'b0;
    end
  endtask

  task see(input integer what, input integer cycles);
    integer place;
    begin
      place = cycles < PLACES - 1 ? cycles : PLACES - 1;
      seen[what*PLACES+place] = seen[what*PLACES+place] + 1;
    end
  endtask

  task fail(input [8*64-1:0] why);
    begin
      $display("broken %0s", why);
      $finish;
    end
  endtask

  reg [8*1024-1:0] file;
  integer count, source, sink, source_seed, sink_seed;
  integer now, next, done, beats_taken, beats_given, kept, i;
  integer first_taken, last_taken, last_given, stalled, stalled_since, latency;
  logic is_stalled, is_taken, is_given, source_draw, sink_draw;

  initial begin
    if (!$value$plusargs("records=%s", file)) file = "";
    if (!$value$plusargs("count=%d", count)) count = 0;
    if (!$value$plusargs("source=%d", source)) source = 1000;
    if (!$value$plusargs("sink=%d", sink)) sink = 1000;
    if (!$value$plusargs("source_seed=%d", source_seed)) source_seed = 0;
    if (!$value$plusargs("sink_seed=%d", sink_seed)) sink_seed = 0;
    if (count > 0) $readmemh(file, records, 0, count - 1);
    for (i = 0; i < 4 * PLACES; i = i + 1) seen[i] = 0;
    source_state = source_seed | 1;
    sink_state = sink_seed | 1;
    now = 0;
    next = 0;
    done = 0;
    beats_taken = 0;
    beats_given = 0;
    stalled = 0;
    latency = 0;
    first_taken = 0;
    last_given = -1;
    is_stalled = 1'b0;
    for (i = 0; i < 4; i = i + 1) step;
    rst = 1'b0;
    step;
    step;
    while (done < count) begin
      if (now > CYCLES_MAX) fail("no verdict came");
      if (source < 1000) source_state = next_state(source_state);
      if (sink < 1000) sink_state = next_state(sink_state);
      source_draw = is_willing(source_state, source);
      sink_draw = is_willing(sink_state, sink);
      if (!in_valid && source_draw && next < count) begin
        kept = count - next < LANES ? count - next : LANES;
        in_keep = '0;
        for (i = 0; i < kept; i = i + 1) begin
          in_data[192*i+:192] = records[next+i];
          in_keep[24*i+:24] = 24'hFFFFFF;
        end
        in_last = next + kept == count;
        in_valid = 1'b1;
      end
      out_ready = sink_draw;
      #0;
      is_taken = in_valid & in_ready;
      is_given = out_valid & out_ready;
      if (is_taken) begin
        if (beats_taken == 0) first_taken = now;
        else see(1, now - last_taken);
        if (is_stalled) see(3, now - stalled_since);
        is_stalled = 1'b0;
        last_taken = now;
        taken_at[beats_taken%PLACES] = now;
        beats_taken = beats_taken + 1;
        next = next + LANES < count ? next + LANES : count;
      end else if (in_valid) begin
        if (!is_stalled) stalled_since = now;
        is_stalled = 1'b1;
        stalled = stalled + 1;
      end
      if (is_given) begin
        if (beats_given == beats_taken) fail("a beat came out that never went in");
        kept = count - done < LANES ? count - done : LANES;
        if (out_keep !== (1 << kept) - 1) fail("wrong lanes are kept");
        if (out_last !== (done + kept == count)) fail("the packet ends at the wrong beat");
        for (i = 0; i < kept; i = i + 1) $write("%02x", out_data[8*i+:8]);
        if (beats_given == 0) latency = now - first_taken;
        else see(2, now - last_given);
        see(0, now - taken_at[beats_given%PLACES]);
        last_given = now;
        beats_given = beats_given + 1;
        done = done + kept;
      end
      step;
      if (is_taken) in_valid = 1'b0;
      now = now + 1;
    end
    $display("");
    $display("elapsed %0d %0d %0d", latency, count > 0 ? last_given - first_taken + 1 : 0, stalled);
    for (i = 0; i < 4 * PLACES; i = i + 1) begin
      if (seen[i] != 0) $display("seen %0d %0d %0d", i / PLACES, i % PLACES, seen[i]);
    end
    $finish;
  end

endmodule

`default_nettype wire
