;;! emit=asm
;;! emit=asm opt=none
;;! emit=asm opt=size
;;; The levels of --opt.
(module
  (memory 1)
  (func (param i32) (result i32)
    (i32.add (i32.mul (i32.load (local.get 0)) (i32.const 8)) (i32.mul (i32.load (local.get 0)) (i32.const 8))))
)

;; == emit=asm
;;
;; p.0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl (%rdi, %rsi), %esi
;;   jmp     label1
;; block1:
;;   leal (%rsi, %rsi), %eax
;;   shll $0x3, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=asm opt=none
;;
;; p.0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %r8d
;;   imull $0x8, (%rdi, %r8), %r8d
;;   movl %esi, %r9d
;;   imull $0x8, (%rdi, %r9), %edi
;;   leal (%r8, %rdi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=asm opt=size
;;
;; p.0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl (%rdi, %rsi), %esi
;;   jmp     label1
;; block1:
;;   leal (%rsi, %rsi), %eax
;;   shll $0x3, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
