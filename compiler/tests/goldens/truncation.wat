;;! emit=clif,asm
;;! emit=clif traps=call
;;; Conversions that trap: on a number out of range with "integer overflow", on NaN with "invalid conversion".
(module
  (func $i32_trunc_f32_s (param f32) (result i32) (i32.trunc_f32_s (local.get 0)))
  (func $i32_trunc_f32_u (param f32) (result i32) (i32.trunc_f32_u (local.get 0)))
  (func $i32_trunc_f64_s (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func $i32_trunc_f64_u (param f64) (result i32) (i32.trunc_f64_u (local.get 0)))
  (func $i64_trunc_f32_s (param f32) (result i64) (i64.trunc_f32_s (local.get 0)))
  (func $i64_trunc_f32_u (param f32) (result i64) (i64.trunc_f32_u (local.get 0)))
  (func $i64_trunc_f64_s (param f64) (result i64) (i64.trunc_f64_s (local.get 0)))
  (func $i64_trunc_f64_u (param f64) (result i64) (i64.trunc_f64_u (local.get 0)))
)

;; == emit=clif,asm
;;
;; p.0.i32_trunc_f32_s:
;; function u0:0(i64 vmctx, f32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_sint.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float32_to_sint32_seq %xmm0, %eax, %rsi, %xmm3
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i32_trunc_f32_u:
;; function u0:1(i64 vmctx, f32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_uint.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float32_to_uint32_seq %xmm0, %eax, %rsi, %xmm3, %xmm4
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i32_trunc_f64_s:
;; function u0:2(i64 vmctx, f64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_sint.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float64_to_sint32_seq %xmm0, %eax, %rsi, %xmm3
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i32_trunc_f64_u:
;; function u0:3(i64 vmctx, f64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_uint.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float64_to_uint32_seq %xmm0, %eax, %rsi, %xmm3, %xmm4
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i64_trunc_f32_s:
;; function u0:4(i64 vmctx, f32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_sint.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float32_to_sint64_seq %xmm0, %rax, %rsi, %xmm3
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i64_trunc_f32_u:
;; function u0:5(i64 vmctx, f32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_uint.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float32_to_uint64_seq %xmm0, %rax, %rsi, %xmm3, %xmm4
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.i64_trunc_f64_s:
;; function u0:6(i64 vmctx, f64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_sint.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float64_to_sint64_seq %xmm0, %rax, %rsi, %xmm3
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.i64_trunc_f64_u:
;; function u0:7(i64 vmctx, f64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_uint.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cvt_float64_to_uint64_seq %xmm0, %rax, %rsi, %xmm3, %xmm4
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif traps=call
;;
;; p.0.i32_trunc_f32_s:
;; function u0:0(i64 vmctx, f32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f32):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f32 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f32const -0x1.000000p31
;;     v10 = f32const 0x1.000000p31
;;     v11 = fcmp.f32 lt v1, v9  ; v9 = -0x1.000000p31
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f32 ge v1, v10  ; v10 = 0x1.000000p31
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_sint_sat.i32 v1
;;     jump block3(v15)
;;
;; block3(v6: i32):
;;     return v6
;; }
;;
;; p.1.i32_trunc_f32_u:
;; function u0:1(i64 vmctx, f32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f32):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f32 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f32const -0x1.000000p0
;;     v10 = f32const 0x1.000000p32
;;     v11 = fcmp.f32 le v1, v9  ; v9 = -0x1.000000p0
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f32 ge v1, v10  ; v10 = 0x1.000000p32
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_uint_sat.i32 v1
;;     jump block3(v15)
;;
;; block3(v6: i32):
;;     return v6
;; }
;;
;; p.2.i32_trunc_f64_s:
;; function u0:2(i64 vmctx, f64) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f64):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f64 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f64const -0x1.0000000200000p31
;;     v10 = f64const 0x1.0000000000000p31
;;     v11 = fcmp.f64 le v1, v9  ; v9 = -0x1.0000000200000p31
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f64 ge v1, v10  ; v10 = 0x1.0000000000000p31
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_sint_sat.i32 v1
;;     jump block3(v15)
;;
;; block3(v6: i32):
;;     return v6
;; }
;;
;; p.3.i32_trunc_f64_u:
;; function u0:3(i64 vmctx, f64) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f64):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f64 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f64const -0x1.0000000000000p0
;;     v10 = f64const 0x1.0000000000000p32
;;     v11 = fcmp.f64 le v1, v9  ; v9 = -0x1.0000000000000p0
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f64 ge v1, v10  ; v10 = 0x1.0000000000000p32
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_uint_sat.i32 v1
;;     jump block3(v15)
;;
;; block3(v6: i32):
;;     return v6
;; }
;;
;; p.4.i64_trunc_f32_s:
;; function u0:4(i64 vmctx, f32) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f32):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f32 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f32const -0x1.000000p63
;;     v10 = f32const 0x1.000000p63
;;     v11 = fcmp.f32 lt v1, v9  ; v9 = -0x1.000000p63
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f32 ge v1, v10  ; v10 = 0x1.000000p63
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_sint_sat.i64 v1
;;     jump block3(v15)
;;
;; block3(v6: i64):
;;     return v6
;; }
;;
;; p.5.i64_trunc_f32_u:
;; function u0:5(i64 vmctx, f32) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f32):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f32 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f32const -0x1.000000p0
;;     v10 = f32const 0x1.000000p64
;;     v11 = fcmp.f32 le v1, v9  ; v9 = -0x1.000000p0
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f32 ge v1, v10  ; v10 = 0x1.000000p64
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_uint_sat.i64 v1
;;     jump block3(v15)
;;
;; block3(v6: i64):
;;     return v6
;; }
;;
;; p.6.i64_trunc_f64_s:
;; function u0:6(i64 vmctx, f64) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f64):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f64 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f64const -0x1.0000000000000p63
;;     v10 = f64const 0x1.0000000000000p63
;;     v11 = fcmp.f64 lt v1, v9  ; v9 = -0x1.0000000000000p63
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f64 ge v1, v10  ; v10 = 0x1.0000000000000p63
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_sint_sat.i64 v1
;;     jump block3(v15)
;;
;; block3(v6: i64):
;;     return v6
;; }
;;
;; p.7.i64_trunc_f64_u:
;; function u0:7(i64 vmctx, f64) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: f64):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = fcmp.f64 uno v1, v1
;;     brif v7, block4, block5
;;
;; block4 cold:
;;     v8 = iconst.i32 8
;;     call fn0(v0, v8)  ; v8 = 8
;;     trap user8
;;
;; block5:
;;     v9 = f64const -0x1.0000000000000p0
;;     v10 = f64const 0x1.0000000000000p64
;;     v11 = fcmp.f64 le v1, v9  ; v9 = -0x1.0000000000000p0
;;     brif v11, block6, block7
;;
;; block6 cold:
;;     v12 = iconst.i32 7
;;     call fn0(v0, v12)  ; v12 = 7
;;     trap user7
;;
;; block7:
;;     v13 = fcmp.f64 ge v1, v10  ; v10 = 0x1.0000000000000p64
;;     brif v13, block8, block9
;;
;; block8 cold:
;;     v14 = iconst.i32 7
;;     call fn0(v0, v14)  ; v14 = 7
;;     trap user7
;;
;; block9:
;;     v15 = fcvt_to_uint_sat.i64 v1
;;     jump block3(v15)
;;
;; block3(v6: i64):
;;     return v6
;; }
