// Risk and the faults but the checksum's: at most two levels of four-input tables.
`default_nettype none

module capdesc_faults (
    input  wire  [4:0] flags,
    input  wire  [1:0] magic_wrong,
    input  wire        version_wrong,
    // The highest flag that is set; 7 without any, and where the header is wrong.
    output logic [2:0] risk,
    // 0 without a fault.
    output logic [2:0] fault,
    // Such a fault goes before the checksum's.
    output logic       is_header_wrong
);

  wire is_magic_wrong = |magic_wrong;
  logic [2:0] level;

  assign is_header_wrong = version_wrong | is_magic_wrong;
  assign risk = level | {3{is_header_wrong}};

  always_comb begin
    casez (flags)
      5'b1????: level = 3'd4;
      5'b01???: level = 3'd3;
      5'b001??: level = 3'd2;
      5'b0001?: level = 3'd1;
      5'b00001: level = 3'd0;
      default:  level = 3'd7;
    endcase
  end

  always_comb begin
    if (is_magic_wrong) fault = capdesc_pkg::FAULT_MAGIC[7:5];
    else if (version_wrong) fault = capdesc_pkg::FAULT_VERSION[7:5];
    else if (flags == 5'd0) fault = capdesc_pkg::FAULT_NO_RISK[7:5];
    else fault = 3'd0;
  end

endmodule

`default_nettype wire
