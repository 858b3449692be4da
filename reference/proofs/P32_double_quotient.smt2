; property: P32
; operation: div
; statement: (a / b) / d = a / (b . d)
; domain: normal operands, all intermediate results in range, every policy
; mutant: a compensation of one unit takes part in the product
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(declare-const d Encoding)
(assert (and (is_encoding a) (is_encoding b) (is_encoding d)))
(assert (and (is_normal a) (is_normal b) (is_normal d)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(define-fun quotient ((x Encoding) (y Encoding)) Encoding (pad gradual saturate 0 x y))
(define-fun ab () Encoding (quotient a b))
(define-fun bd () Encoding (mul b d))
(assert (and (in_range (quotient_sum 0 a b)) (in_range (quotient_sum 0 ab d))))
(assert (in_range (product_sum 0 b d)))

(echo "precondition")
(check-sat)

(push 1)
; Two steps first, that in range the results are the sums, then the statement where both hold.
(define-fun ab_is_sum () Bool (= (mag ab) (quotient_sum 0 a b)))
(define-fun bd_is_sum () Bool (= (mag bd) (product_sum 0 b d)))
(assert (or
  (not ab_is_sum)
  (and ab_is_sum (not bd_is_sum))
  (and ab_is_sum bd_is_sum (not (= (quotient ab d) (quotient a bd))))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun faulty () Encoding (pam gradual saturate UNIT b d))
(assert (not (= (quotient ab d) (quotient a faulty))))
(echo "mutant")
(check-sat)
(pop 1)
