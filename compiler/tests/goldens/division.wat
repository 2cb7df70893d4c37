;;! emit=clif,asm
;;! emit=clif traps=call
;;; Division traps in the divide instruction itself, or is preceded by comparisons where no signal may be raised.
(module
  (func $i32_div_s (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $i32_div_u (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func $i32_rem_s (param i32 i32) (result i32) (i32.rem_s (local.get 0) (local.get 1)))
  (func $i32_rem_u (param i32 i32) (result i32) (i32.rem_u (local.get 0) (local.get 1)))
  (func $i64_div_s (param i64 i64) (result i64) (i64.div_s (local.get 0) (local.get 1)))
  (func $i64_div_u (param i64 i64) (result i64) (i64.div_u (local.get 0) (local.get 1)))
  (func $i64_rem_s (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func $i64_rem_u (param i64 i64) (result i64) (i64.rem_u (local.get 0) (local.get 1)))
)

;; == emit=clif,asm
;;
;; p.0.i32_div_s:
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v4 = sdiv v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rsi, %rax
;;   movq %rdx, %r11
;;   cltd  ;; implicit: %edx, %eax
;;   testl %r11d, %r11d
;;   jz #trap=int_divz
;;   idivl %r11d ;; implicit: %eax, %edx, trap=252
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i32_div_u:
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v4 = udiv v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rdx, %r10
;;   uninit  %rdx
;;   xorq %rdx, %rdx
;;   movq %rsi, %rax
;;   divl %r10d ;; implicit: %eax, %edx, trap=254
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i32_rem_s:
;; function u0:2(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v4 = srem v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rsi, %rax
;;   movq %rdx, %r9
;;   cltd  ;; implicit: %edx, %eax
;;   checked_srem_seq %eax, %edx, %r9d, %eax, %edx
;;   jmp     label1
;; block1:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i32_rem_u:
;; function u0:3(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v4 = urem v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rdx, %r11
;;   uninit  %rdx
;;   xorq %rdx, %rdx
;;   movq %rsi, %rax
;;   divl %r11d ;; implicit: %eax, %edx, trap=254
;;   jmp     label1
;; block1:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i64_div_s:
;; function u0:4(i64 vmctx, i64, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v4 = sdiv v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i64):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rsi, %rax
;;   movq %rdx, %r11
;;   cqto  ;; implicit: %rdx, %rax
;;   testq %r11, %r11
;;   jz #trap=int_divz
;;   idivq %r11 ;; implicit: %rax, %rdx, trap=252
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i64_div_u:
;; function u0:5(i64 vmctx, i64, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v4 = udiv v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i64):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rdx, %r10
;;   uninit  %rdx
;;   xorq %rdx, %rdx
;;   movq %rsi, %rax
;;   divq %r10 ;; implicit: %rax, %rdx, trap=254
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.i64_rem_s:
;; function u0:6(i64 vmctx, i64, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v4 = srem v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i64):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rsi, %rax
;;   movq %rdx, %r9
;;   cqto  ;; implicit: %rdx, %rax
;;   checked_srem_seq %rax, %rdx, %r9, %rax, %rdx
;;   jmp     label1
;; block1:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.i64_rem_u:
;; function u0:7(i64 vmctx, i64, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v4 = urem v1, v2
;;     jump block1(v4)
;;
;; block1(v3: i64):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rdx, %r11
;;   uninit  %rdx
;;   xorq %rdx, %rdx
;;   movq %rsi, %rax
;;   divq %r11 ;; implicit: %rax, %rdx, trap=254
;;   jmp     label1
;; block1:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif traps=call
;;
;; p.0.i32_div_s:
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i32 0
;;     v9 = icmp.i32 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = iconst.i32 -2147483648
;;     v12 = icmp.i32 eq v1, v11  ; v11 = -2147483648
;;     v13 = iconst.i32 -1
;;     v14 = icmp.i32 eq v2, v13  ; v13 = -1
;;     v15 = band v12, v14
;;     brif v15, block6, block7
;;
;; block6 cold:
;;     v16 = iconst.i32 7
;;     call fn0(v0, v16)  ; v16 = 7
;;     trap user7
;;
;; block7:
;;     v17 = sdiv.i32 v1, v2
;;     jump block3(v17)
;;
;; block3(v7: i32):
;;     return v7
;; }
;;
;; p.1.i32_div_u:
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i32 0
;;     v9 = icmp.i32 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = udiv.i32 v1, v2
;;     jump block3(v11)
;;
;; block3(v7: i32):
;;     return v7
;; }
;;
;; p.2.i32_rem_s:
;; function u0:2(i64 vmctx, i32, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i32 0
;;     v9 = icmp.i32 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = srem.i32 v1, v2
;;     jump block3(v11)
;;
;; block3(v7: i32):
;;     return v7
;; }
;;
;; p.3.i32_rem_u:
;; function u0:3(i64 vmctx, i32, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i32 0
;;     v9 = icmp.i32 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = urem.i32 v1, v2
;;     jump block3(v11)
;;
;; block3(v7: i32):
;;     return v7
;; }
;;
;; p.4.i64_div_s:
;; function u0:4(i64 vmctx, i64, i64) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i64 0
;;     v9 = icmp.i64 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = iconst.i64 -9223372036854775808
;;     v12 = icmp.i64 eq v1, v11  ; v11 = -9223372036854775808
;;     v13 = iconst.i64 -1
;;     v14 = icmp.i64 eq v2, v13  ; v13 = -1
;;     v15 = band v12, v14
;;     brif v15, block6, block7
;;
;; block6 cold:
;;     v16 = iconst.i32 7
;;     call fn0(v0, v16)  ; v16 = 7
;;     trap user7
;;
;; block7:
;;     v17 = sdiv.i64 v1, v2
;;     jump block3(v17)
;;
;; block3(v7: i64):
;;     return v7
;; }
;;
;; p.5.i64_div_u:
;; function u0:5(i64 vmctx, i64, i64) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i64 0
;;     v9 = icmp.i64 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = udiv.i64 v1, v2
;;     jump block3(v11)
;;
;; block3(v7: i64):
;;     return v7
;; }
;;
;; p.6.i64_rem_s:
;; function u0:6(i64 vmctx, i64, i64) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i64 0
;;     v9 = icmp.i64 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = srem.i64 v1, v2
;;     jump block3(v11)
;;
;; block3(v7: i64):
;;     return v7
;; }
;;
;; p.7.i64_rem_u:
;; function u0:7(i64 vmctx, i64, i64) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v8 = iconst.i64 0
;;     v9 = icmp.i64 eq v2, v8  ; v8 = 0
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 6
;;     call fn0(v0, v10)  ; v10 = 6
;;     trap user6
;;
;; block5:
;;     v11 = urem.i64 v1, v2
;;     jump block3(v11)
;;
;; block3(v7: i64):
;;     return v7
;; }
