// First step of the checksum network: 144 bits of code to 64 that are as right or as wrong.
//
// Written by scripts/generate-rtl, which says how. Modulo x^16 + x^12 + x^5 + 1:
//
//   x^64 = x^48 + x^20 + 1
//   x^80 = x^43 + x^33 + x^7
//   x^96 = x^47 + x^44 + x^38 + x^28 + x^3
//   x^112 = x^36 + x^10 + x^9
//   x^128 = x^30 + x^28 + x^17 + x^15 + 1
//
// so that each word above the lowest 64 bits is added to them at these shifts. A bit of the result
// is an XOR of at most 8 bits: two levels of four-input tables.
`default_nettype none

module capdesc_fold (
    input  wire  [143:0] code,
    output logic [63:0]  folded
);

  wire [63:0] w64_at0;
  wire [63:0] w64_at20;
  wire [63:0] w64_at48;
  wire [63:0] w80_at7;
  wire [63:0] w80_at33;
  wire [63:0] w80_at43;
  wire [63:0] w96_at3;
  wire [63:0] w96_at28;
  wire [63:0] w96_at38;
  wire [63:0] w96_at44;
  wire [63:0] w96_at47;
  wire [63:0] w112_at9;
  wire [63:0] w112_at10;
  wire [63:0] w112_at36;
  wire [63:0] w128_at0;
  wire [63:0] w128_at15;
  wire [63:0] w128_at17;
  wire [63:0] w128_at28;
  wire [63:0] w128_at30;

  assign w64_at0 = {48'b0, code[79:64]};
  assign w64_at20 = {28'b0, code[79:64], 20'b0};
  assign w64_at48 = {code[79:64], 48'b0};
  assign w80_at7 = {41'b0, code[95:80], 7'b0};
  assign w80_at33 = {15'b0, code[95:80], 33'b0};
  assign w80_at43 = {5'b0, code[95:80], 43'b0};
  assign w96_at3 = {45'b0, code[111:96], 3'b0};
  assign w96_at28 = {20'b0, code[111:96], 28'b0};
  assign w96_at38 = {10'b0, code[111:96], 38'b0};
  assign w96_at44 = {4'b0, code[111:96], 44'b0};
  assign w96_at47 = {1'b0, code[111:96], 47'b0};
  assign w112_at9 = {39'b0, code[127:112], 9'b0};
  assign w112_at10 = {38'b0, code[127:112], 10'b0};
  assign w112_at36 = {12'b0, code[127:112], 36'b0};
  assign w128_at0 = {48'b0, code[143:128]};
  assign w128_at15 = {33'b0, code[143:128], 15'b0};
  assign w128_at17 = {31'b0, code[143:128], 17'b0};
  assign w128_at28 = {20'b0, code[143:128], 28'b0};
  assign w128_at30 = {18'b0, code[143:128], 30'b0};

  assign folded = ((((code[63:0] ^ w64_at0) ^ w64_at20) ^ (w64_at48 ^ w80_at7)) ^ (((w80_at33
      ^ w80_at43) ^ w96_at3) ^ (w96_at28 ^ w96_at38))) ^ ((((w96_at44 ^ w96_at47) ^ w112_at9)
      ^ (w112_at10 ^ w112_at36)) ^ (((w128_at0 ^ w128_at15) ^ w128_at17) ^ (w128_at28
      ^ w128_at30)));

endmodule

`default_nettype wire
